#include "steward/eval/answers.h"

#include <future>

#include <fmt/format.h>

namespace steward::eval {
namespace {

Result<std::string> answer(model::LanguageModel& model, data::Messages messages, int tokens_max) {
  model::GenerateRequest request;
  request.prompt = std::move(messages);
  request.sampling.temperature = 0;
  request.sampling.max_tokens = tokens_max;
  request.reproducible = true;
  std::string text;
  std::promise<Result<model::FinishReason>> finished;
  model::Sink sink;
  sink.on_delta = [&text](std::string_view delta, std::vector<model::TokenLogprob>) { text += delta; };
  sink.on_done = [&finished](Result<model::FinishReason> reason, model::Usage) { finished.set_value(std::move(reason)); };
  const auto generation = TRY(model.start(std::move(request), std::move(sink)));
  TRY(finished.get_future().get());
  return text;
}

}  // namespace

Result<std::vector<Written>> answer_rows(model::LanguageModel& model, const std::vector<data::Row>& rows, const AnswerOptions& options) {
  std::vector<Written> out;
  for (const data::Row& row : rows) {
    data::Passage prompt = TRY(data::prompt_of(row));
    if (const auto* text = std::get_if<std::string>(&prompt)) prompt = data::Messages{{"user", *text, {}}};
    Written written{{}, data::right_answers(row)};
    if (written.right.empty()) return fail(ErrorCode::kInvalidInput, fmt::format("line {}: no answer counts as right", row.line));
    auto text = answer(model, std::get<data::Messages>(prompt), options.tokens_max);
    if (!text) return fail(text.error().code, fmt::format("line {}: {}", row.line, text.error().message));
    written.text = std::move(*text);
    out.push_back(std::move(written));
    if (options.on_row) options.on_row(out.size());
  }
  return out;
}

}  // namespace steward::eval
