#include "recipes/shown_answers.h"

#include <algorithm>
#include <future>

#include "steward/model/llama/llama_model.h"

namespace steward::recipes {
namespace {

constexpr int kAnswerTokens = 96;

Result<std::string> answer(model::LanguageModel& model, const std::vector<model::Token>& prompt) {
  std::string text;
  std::promise<Result<model::FinishReason>> ended;
  model::GenerateRequest request;
  request.prompt = prompt;
  request.sampling.temperature = 0;
  request.sampling.max_tokens = kAnswerTokens;
  request.reproducible = true;
  model::Sink sink;
  sink.on_delta = [&text](std::string_view more, const std::vector<model::TokenLogprob>&) { text += more; };
  sink.on_done = [&ended](Result<model::FinishReason> reason, model::Usage) { ended.set_value(std::move(reason)); };
  const auto running = TRY(model.start(std::move(request), std::move(sink)));
  TRY(ended.get_future().get());
  return text;
}

}  // namespace

Result<std::vector<runs::ReportSample>> shown_answers(const CommonConfig& config, const model::ChatTokenizer& tokenizer,
                                                      const std::string& adapter, const std::vector<const data::Sample*>& samples) {
  std::vector<runs::ReportSample> out;
  if (samples.empty()) return out;
  model::LlamaOptions options;
  options.path = find_model(config.model.base);
  options.id = "base";
  options.context_per_sequence = config.data.tokens_max + kAnswerTokens + 1;
  options.sequences = 1;
  options.adapters = {{adapter, "tuned", "", 1}};
  const auto models = TRY(model::open_llama(options));
  for (const data::Sample* sample : samples) {
    const auto begin = std::find(sample->mask.begin(), sample->mask.end(), 1) - sample->mask.begin();
    const std::vector<model::Token> prompt(sample->tokens.begin(), sample->tokens.begin() + begin);
    runs::ReportSample shown;
    shown.prompt = TRY(tokenizer.detokenize(prompt));
    for (const auto& model : models) shown.answers.emplace_back(model->record().id, TRY(answer(*model, prompt)));
    out.push_back(std::move(shown));
  }
  return out;
}

}  // namespace steward::recipes
