#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "steward/app/command.h"
#include "steward/core/clock.h"
#include "steward/core/files.h"
#include "steward/data/reader.h"
#include "steward/eval/answers.h"
#include "steward/model/llama/llama_model.h"
#include "steward/model/model_files.h"

namespace steward::app {
namespace {

struct Options {
  std::string rows, model = "SmolLM2-135M-Instruct.Q8_0.gguf", task, split = "test", out;
  std::vector<std::string> adapters;
  int tokens_max = 96, threads = 0;
  std::size_t rows_max = 0;
};

/// One model's answers and what they are worth.
struct Outcome {
  model::ModelRecord record;
  std::vector<eval::Written> written;
  std::vector<eval::Measure> measures;
};

eval::Task task_of(const std::string& name) {
  return name == "summary" ? eval::Task::kSummary : name == "answer" ? eval::Task::kAnswer : eval::Task::kLabel;
}

struct Rows {
  std::vector<data::Row> asked;
  std::vector<std::string> labels;  ///< every answer that counts as right somewhere in the file, sorted
};

Result<Rows> read_rows(const Options& options) {
  data::RowSet set = TRY(data::read_test_rows({options.rows}, {}));
  Rows out;
  std::set<std::string> labels;
  for (const auto* side : {&set.train, &set.validation, &set.test})
    for (const data::Row& row : *side)
      for (std::string& answer : data::right_answers(row)) labels.insert(std::move(answer));
  out.labels.assign(labels.begin(), labels.end());
  out.asked = std::move(options.split == "train" ? set.train : options.split == "dev" ? set.validation : set.test);
  if (options.rows_max > 0 && out.asked.size() > options.rows_max) out.asked.resize(options.rows_max);
  if (out.asked.empty()) return fail(ErrorCode::kInvalidInput, fmt::format("{} has no rows of the split {}", options.rows, options.split));
  return out;
}

Result<std::vector<std::unique_ptr<model::LanguageModel>>> open(const Options& options) {
  model::LlamaOptions llama;
  llama.path = TRY(model::find_model_file(options.model));
  llama.id = "base";
  llama.sequences = 1;
  llama.threads = options.threads;
  for (const std::string& path : options.adapters) llama.adapters.push_back({path, path, "", 1});
  return model::open_llama(llama);
}

Result<Outcome> ask(model::LanguageModel& model, const Rows& rows, const Options& options) {
  Outcome out{model.record(), {}, {}};
  eval::AnswerOptions how;
  how.tokens_max = options.tokens_max;
  std::int64_t told_ns = steady_ns();
  how.on_row = [&](std::size_t done) {
    if (steady_ns() - told_ns < 10'000'000'000 && done < rows.asked.size()) return;
    told_ns = steady_ns();
    fmt::print(stderr, "{}: {} of {} rows\n", model.record().id, done, rows.asked.size());
  };
  out.written = TRY(eval::answer_rows(model, rows.asked, how));
  out.measures = eval::measure(task_of(options.task), out.written, rows.labels);
  return out;
}

json::Object as_json(const Outcome& outcome, const Rows& rows) {
  json::Object measures;
  for (const eval::Measure& measure : outcome.measures)
    measures[measure.name] = json::Object{{"mean", measure.mean.value}, {"low", measure.mean.low}, {"high", measure.mean.high}};
  json::Array answers;
  for (std::size_t i = 0; i < outcome.written.size(); ++i) {
    json::Object answer{{"line", rows.asked[i].line}, {"id", rows.asked[i].id}, {"text", outcome.written[i].text}};
    for (const eval::Measure& measure : outcome.measures) answer[measure.name] = measure.values[i];
    answers.push_back(std::move(answer));
  }
  return {{"model", outcome.record.id}, {"sha256", outcome.record.sha256}, {"measures", measures}, {"answers", answers}};
}

Result<int> evaluate(const Options& options) {
  const Rows rows = TRY(read_rows(options));
  auto models = TRY(open(options));
  std::vector<Outcome> outcomes;
  for (const auto& model : models) outcomes.push_back(TRY(ask(*model, rows, options)));
  fmt::print("{} rows of {} ({}), greedy, at most {} tokens; intervals 95 %, bootstrap over rows\n\n", rows.asked.size(), options.rows,
             options.split, options.tokens_max);
  if (outcomes.size() == 1)
    for (const eval::Measure& each : outcomes[0].measures)
      fmt::print("{:<14} {:.1f} ({:.1f} … {:.1f})\n", each.name, 100 * each.mean.value, 100 * each.mean.low, 100 * each.mean.high);
  for (std::size_t i = 1; i < outcomes.size(); ++i)
    fmt::print("{}\n\n{}\n", outcomes[i].record.id, eval::gain_table(outcomes[0].measures, outcomes[i].measures));
  if (options.out.empty()) return static_cast<int>(kExitOk);
  json::Array all;
  for (const Outcome& outcome : outcomes) all.push_back(as_json(outcome, rows));
  TRY(write_file_atomic(options.out, json::dump(all) + "\n"));
  return static_cast<int>(kExitOk);
}

}  // namespace

void add_eval_command(CLI::App& app, CommandLine& line) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("eval", "How good a model's answers to rows are, and an adapter's beside its base's");
  command->add_option("ROWS", options->rows, "JSONL file of rows with prompts and right answers (docs/formats/training-rows.md)")
      ->required()
      ->check(CLI::ExistingFile);
  command->add_option("--task", options->task, "summary (ROUGE) | answer (exact match, F1) | label (accuracy)")
      ->required()
      ->check(CLI::IsMember({"summary", "answer", "label"}));
  command->add_option("--model", options->model, "GGUF file: a path, or a file of STEWARD_MODELS_DIR")->capture_default_str();
  command->add_option("--adapter", options->adapters, "LoRA adapter (GGUF) to measure beside the model; may stand more than once")
      ->check(CLI::ExistingFile);
  command->add_option("--split", options->split, "Which rows")->check(CLI::IsMember({"train", "dev", "test"}))->capture_default_str();
  command->add_option("--rows-max", options->rows_max, "Only the first so many; 0: all")->capture_default_str();
  command->add_option("--max-tokens", options->tokens_max, "Of an answer")->check(CLI::Range(1, 4096))->capture_default_str();
  command->add_option("--threads", options->threads, "0: cores minus one")->check(CLI::Range(0, 256))->capture_default_str();
  command->add_option("--out", options->out, "JSON file for each answer and its measures");
  command->callback([&line, options] {
    const auto result = evaluate(*options);
    line.exit_code = result ? *result : report(result.error());
  });
}

}  // namespace steward::app
