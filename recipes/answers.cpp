// Answers of a model to prompts, in its own words, as rows for `sft`: beside demonstrations that teach something new they keep what it says
// already [self-distillation: Yang et al. 2024, arXiv:2402.13669]. An instruction that it follows while it answers, such as to be brief, is
// then learned without being asked [context distillation: Askell et al. 2021, arXiv:2112.00861].
#include <cstdio>

#include <fmt/format.h>

#include "recipes/recipe.h"
#include "recipes/sampling.h"
#include "recipes/setup.h"
#include "steward/core/files.h"
#include "steward/filters/reply_checks/refusal.h"

namespace steward::recipes {
namespace {

using namespace tune;

struct AnswersConfig : CommonConfig {
  SamplingConfig sampling;
  std::string instruction;
  bool keep_refusals = false;
};

void declare(runs::Fields& fields, AnswersConfig& config) {
  declare_writer(fields, config);
  fields.text("answers.instruction", config.instruction,
              "put in front of the chat as a system message, and left out of the row; empty: none");
  fields.boolean("answers.keep_refusals", config.keep_refusals, "keep answers that decline, too");
  declare(fields, config.sampling);
}

struct Answered {
  data::Row row;
  data::Messages prompt;
  std::string answer;
  std::string fate;  ///< kept | declined | too long | did not end
};

data::Messages led(const std::string& instruction, data::Messages prompt) {
  if (instruction.empty()) return prompt;
  if (prompt.front().role == "system") {
    prompt.front().content = instruction + "\n\n" + prompt.front().content;
  } else {
    prompt.insert(prompt.begin(), {"system", instruction, ""});
  }
  return prompt;
}

/// In the language that the row names as its `lang`, or English.
Result<bool> declines(const Answered& answered) {
  const auto language = TRY(json::get_string(answered.row.extra, "lang"));
  return filters::declines(answered.answer, language.value_or("en"));
}

Result<void> write_answers(model::Rollouts& writer, const model::ChatTokenizer& tokenizer, const AnswersConfig& config,
                           std::span<Answered> stretch, std::size_t number) {
  std::vector<data::Messages> chats;
  for (const Answered& answered : stretch) chats.push_back(led(config.instruction, answered.prompt));
  const auto answers = TRY(answer_chats(writer, tokenizer, chats, drawing(config, config.sampling, number)));
  for (std::size_t i = 0; i < stretch.size(); ++i) {
    Answered& answered = stretch[i];
    answered.answer = answers[i].text;
    if (answers[i].too_long)
      answered.fate = "too long";
    else if (!answers[i].ended || answered.answer.empty())
      answered.fate = "did not end";
    else
      answered.fate = !config.keep_refusals && TRY(declines(answered)) ? "declined" : "kept";
  }
  return {};
}

json::Object record_of(const Answered& answered) { return {{"fate", answered.fate}, {"answer", answered.answer}}; }

Result<void> read_record(const json::Object& record, Answered& answered) {
  const auto fate = TRY(json::get_string(record, "fate")), answer = TRY(json::get_string(record, "answer"));
  if (!fate || !answer) return fail(ErrorCode::kInvalidInput, "samples.jsonl holds a record without an answer: begin the run anew");
  answered.fate = *fate;
  answered.answer = *answer;
  return {};
}

/// A row for sft: the prompt as it was asked, with all else that the row said.
std::string row_of(const Answered& answered) {
  json::Object row = answered.row.extra;
  row["prompt"] = to_json(answered.prompt);
  row["completion"] = to_json({{"assistant", answered.answer, ""}});
  return json::dump_canonical(row) + "\n";
}

Result<std::vector<Answered>> rows_to_answer(const data::RowSet& rows) {
  std::vector<Answered> out;
  for (const auto* side : {&rows.train, &rows.validation, &rows.test})
    for (const data::Row& row : *side) out.push_back({row, as_chat(TRY(data::prompt_of(row))), "", ""});
  return out;
}

std::vector<runs::ReportSample> shown(const std::vector<Answered>& rows, std::int64_t count) {
  std::vector<runs::ReportSample> out;
  for (const Answered& answered : rows) {
    if (static_cast<std::int64_t>(out.size()) >= count) break;
    out.push_back({chat_text(answered.prompt), {{answered.fate, answered.answer}}});
  }
  return out;
}

}  // namespace

Result<void> answers(const Arguments& arguments) {
  AnswersConfig config;
  runs::Fields fields;
  declare(fields, config);
  if (TRY(load_or_print(fields, arguments))) return {};

  const auto rows = TRY(data::read_test_rows(config.data.files, read_options(config.data, data::RowKind::kPrompt)));
  fmt::print(stderr, "{}\n", data::describe(rows));
  std::vector<Answered> answered = TRY(rows_to_answer(rows));
  const std::string given = TRY(digest_of_files(config.data.files));
  const json::Object origin = TRY(origin_of(config, "answers", given));

  const runs::RunFolder folder = TRY(open_folder(config, fields, arguments));
  if (arguments.record) TRY(arguments.record->began({folder.path(), fields.print(), origin}));
  auto recorded = TRY(runs::Recorded::open(folder.path() + "/samples.jsonl", origin));
  if (!TRY(read_recorded(recorded, answered, read_record))) {
    const auto tokenizer = TRY(open_tokenizer(config));
    model::Rollouts writer = TRY(open_rollouts(config, config.sampling));
    const auto make = [&](std::span<Answered> stretch, std::size_t number) {
      return write_answers(writer, tokenizer, config, stretch, number);
    };
    TRY(make_recorded(recorded, answered, config.sampling.stretch, make, record_of));
  }

  std::string out;
  for (const Answered& one : answered)
    if (one.fate == "kept") out += row_of(one);
  if (out.empty())
    return fail(ErrorCode::kInvalidInput,
                fmt::format("no answer can be learned from ({}): raise sampling.tokens_max, or ask for brevity by "
                            "answers.instruction",
                            describe(fates_of(answered))));
  TRY(write_file_atomic(folder.path() + "/answers.jsonl", out));
  return finish_writer(folder, fields, {{"rows", describe(fates_of(answered))}}, origin, shown(answered, config.run.report_samples));
}

}  // namespace steward::recipes
