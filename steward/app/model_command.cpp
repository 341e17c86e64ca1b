#include <condition_variable>
#include <future>
#include <iostream>

#include <fmt/format.h>

#include "steward/app/command.h"
#include "steward/app/models.h"

namespace steward::app {
namespace {

Result<std::unique_ptr<model::LanguageModel>> open_named(const Product& product, const std::string& id) {
  for (const ModelConfig& config : product.models) {
    bool here = id.empty() || config.id == id;
    for (const AdapterConfig& adapter : config.adapters) here = here || adapter.id == id;
    if (!here) continue;
    auto opened = TRY(open_models(config));
    for (auto& model : opened)
      if (id.empty() || model->record().id == id) return std::move(model);
  }
  return fail(ErrorCode::kNotFound, fmt::format("the product has no model '{}'; see `models:` in product.yaml", id));
}

Result<int> show(const CommandLine& line, const std::string& id) {
  const Product product = TRY(load_product(line.product_dir));
  const auto model = TRY(open_named(product, id));
  const model::ModelRecord& record = model->record();
  json::Object out{{"id", record.id},
                   {"path", record.path},
                   {"sha256", record.sha256},
                   {"name", record.name},
                   {"architecture", record.architecture},
                   {"quantization", record.quantization},
                   {"license", record.license},
                   {"parameters", record.parameters},
                   {"context_length", record.context_length},
                   {"vocabulary", record.vocabulary},
                   {"metadata", record.metadata}};
  for (const auto& member : out) fmt::print("{:<16} {}\n", std::string(member.key()), json::dump(member.value()));
  return static_cast<int>(kExitOk);
}

struct Score {
  double logprob = 0;
  bool is_greedy = true;
};

/// Sum of the continuation's log-probabilities after the context, unbatched and without prefix reuse.
Result<Score> score(model::LanguageModel& model, const std::string& context, const std::string& continuation) {
  auto context_tokens = TRY(model.tokenize(context, false, true));
  auto tokens = TRY(model.tokenize(context + continuation, false, true));
  model::GenerateRequest request;
  request.prompt = tokens;
  request.reproducible = true;
  request.sampling.temperature = 0;
  request.sampling.max_tokens = 1;
  request.sampling.want_logprobs = true;
  request.sampling.logprobs = 1;
  request.sampling.echo = true;
  std::promise<Result<model::FinishReason>> finished;
  std::vector<model::TokenLogprob> prompt;
  model::Sink sink;
  sink.on_prompt = [&](std::vector<model::TokenLogprob> given) { prompt = std::move(given); };
  sink.on_delta = [](std::string_view, std::vector<model::TokenLogprob>) {};
  sink.on_done = [&](Result<model::FinishReason> reason, model::Usage) { finished.set_value(std::move(reason)); };
  auto generation = TRY(model.start(std::move(request), std::move(sink)));
  TRY(finished.get_future().get());
  Score out;
  for (std::size_t at = std::min(context_tokens.size(), prompt.size()); at < prompt.size(); ++at) {
    if (!prompt[at].logprob) continue;
    out.logprob += *prompt[at].logprob;
    out.is_greedy = out.is_greedy && !prompt[at].top.empty() && std::get<2>(prompt[at].top.front()) == *prompt[at].logprob;
  }
  return out;
}

Result<int> score_lines(const CommandLine& line, const std::string& id) {
  const Product product = TRY(load_product(line.product_dir));
  const auto model = TRY(open_named(product, id));
  int number = 0;
  for (std::string text; std::getline(std::cin, text);) {
    ++number;
    const auto parsed = TRY(json::parse(text));
    if (!parsed.is_object())
      return fail(ErrorCode::kInvalidInput, fmt::format("line {}: write {{\"context\": …, \"continuation\": …}}", number));
    const auto context = TRY(json::get_string(parsed.get_object(), "context"));
    const auto continuation = TRY(json::get_string(parsed.get_object(), "continuation"));
    if (!context || !continuation)
      return fail(ErrorCode::kInvalidInput, fmt::format("line {}: context and continuation are needed", number));
    const Score found = TRY(score(*model, *context, *continuation));
    fmt::print("{}\n", json::dump(json::Object{{"logprob", found.logprob}, {"is_greedy", found.is_greedy}}));
    std::fflush(stdout);
  }
  return static_cast<int>(kExitOk);
}

}  // namespace

void add_model_command(CLI::App& app, CommandLine& line) {
  auto* group = app.add_subcommand("model", "The product's models: show | score");
  group->require_subcommand(1);
  auto id = std::make_shared<std::string>();
  const auto exit_of = [](const Result<int>& result) { return result ? *result : report(result.error()); };

  auto* show_command = group->add_subcommand("show", "What is known of a model: digest, licence, card fields");
  add_product_option(*show_command, line);
  show_command->add_option("ID", *id, "Model id of product.yaml; without it, the first");
  show_command->callback([&line, id, exit_of] { line.exit_code = exit_of(show(line, *id)); });

  auto* score_command =
      group->add_subcommand("score", "Log-likelihoods of {\"context\", \"continuation\"} lines of stdin, in nats, in process");
  add_product_option(*score_command, line);
  score_command->add_option("ID", *id, "Model id of product.yaml; without it, the first");
  score_command->callback([&line, id, exit_of] { line.exit_code = exit_of(score_lines(line, *id)); });
}

}  // namespace steward::app
