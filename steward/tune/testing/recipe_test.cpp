// Recipes as tests run them.
#include "steward/tune/testing/recipe.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include <fmt/format.h>

#include "steward/core/files.h"
#include "steward/runs/run_log.h"
#include "steward/tune/checkpoint.h"
#include "steward/tune/testing/library.h"

namespace steward::tune::testing {

Outcome Recipe::go(bool resume, int kill_after, const std::string& file) const {
  std::vector<std::string> arguments = words;
  if (resume) arguments.emplace_back("--resume");
  return run_tune(arguments, folder + "/" + file, kill_after);
}

std::string Recipe::bytes(const std::string& file) const { return read_file(folder + "/" + file).value_or(""); }
std::string Recipe::adapter() const { return bytes("adapter.gguf"); }
std::string Recipe::state() const { return bytes("best/trainer.safetensors"); }

std::vector<std::vector<std::pair<std::string, double>>> Recipe::measured() const {
  std::vector<std::vector<std::pair<std::string, double>>> out;
  const auto log = runs::read_log(folder + "/log.jsonl");
  if (!log) ADD_FAILURE() << log.error().message;
  if (log)
    for (const auto& record : *log) out.push_back(record.values);
  return out;
}

Recipe make_recipe(const std::string& recipe, const std::string& name, const std::string& rows, const std::vector<std::string>& settings) {
  // The last part of a folder's name goes into the card and the adapter.
  Recipe run{recipe, scratch_folder() + "/" + name + "/" + recipe, {recipe}};
  const std::string data = scratch_folder() + "/" + recipe + "-rows.jsonl";
  EXPECT_TRUE(write_file_atomic(data, rows));
  std::vector<std::string> all = {"run.folder=" + run.folder, "model.base=" + small_chat_model(), "data.files=[" + data + "]",
                                  "data.tokens_max=96", "run.threads=2"};
  if (!recipe.starts_with("ai-") && recipe != "answers")  // they train nothing
    all.insert(all.end(), {"run.epochs=2", "batch.rows=2", "batch.row_tokens=96", "run.checkpoint_every=3", "run.validate_every=5",
                           "optimizer.rate=0.01", "model.lora.rank=4"});
  all.insert(all.end(), settings.begin(), settings.end());
  for (const std::string& setting : all) run.words.insert(run.words.end(), {"--set", setting});
  return run;
}

void expect_same_files_after_kills(const Recipe& whole, const Recipe& killed, const std::vector<Kill>& kills,
                                   const std::vector<std::string>& files) {
  const auto outcome = whole.go(false);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
  int done = 0;
  bool begun = false;
  for (const Kill& kill : kills) {
    const auto cut = killed.go(begun, kill.lines, kill.file);
    begun = true;
    done += cut.killed ? 1 : 0;
    if (!cut.killed) ASSERT_EQ(cut.exit_code, 0) << cut.errors;
  }
  EXPECT_GE(done, 3) << "the runs were over before they could be killed: this test shows nothing";
  const auto last = killed.go(true);
  ASSERT_EQ(last.exit_code, 0) << last.errors;
  for (const std::string& file : files) {
    ASSERT_FALSE(whole.bytes(file).empty()) << file;
    EXPECT_TRUE(whole.bytes(file) == killed.bytes(file)) << file;
  }
}

void expect_same_bytes_after_kills(const std::string& recipe, const std::string& rows, const std::vector<std::string>& settings) {
  const Recipe whole = make_recipe(recipe, "whole", rows, settings), killed = make_recipe(recipe, "killed", rows, settings);
  for (const Recipe* run : {&whole, &killed}) std::filesystem::remove_all(run->folder);
  std::vector<Kill> kills;
  for (const int lines : {1, 4, 8}) kills.push_back({"log.jsonl", lines});
  const bool all_weights = std::find(settings.begin(), settings.end(), "model.train=full") != settings.end();
  expect_same_files_after_kills(whole, killed, kills, {all_weights ? "model.gguf" : "adapter.gguf", "best/trainer.safetensors"});
  EXPECT_EQ(whole.measured(), killed.measured());
}

std::map<std::string, Tensor> learned_numbers(const std::string& folder) {
  const auto checkpoint = read_checkpoint(folder + "/best");
  if (!checkpoint) ADD_FAILURE() << checkpoint.error().message;
  std::map<std::string, Tensor> out = checkpoint ? checkpoint->parameters : std::map<std::string, Tensor>{};
  if (checkpoint)
    for (const auto& [name, tensor] : checkpoint->optimizer) out.emplace("optimizer/" + name, tensor);
  return out;
}

void expect_two_processes_as_one(const Recipe& one, const Recipe& two, Started by) {
  const auto alone = one.go(false);
  ASSERT_EQ(alone.exit_code, 0) << alone.errors;
  const auto together = run_processes(by, 2, two.words);
  ASSERT_EQ(together.exit_code, 0) << together.errors;
  expect_same_numbers(one, two);
}

void expect_same_numbers(const Recipe& one, const Recipe& two) {
  const auto measured = one.measured(), others_measured = two.measured();
  ASSERT_FALSE(measured.empty());
  ASSERT_EQ(measured.size(), others_measured.size());
  for (std::size_t i = 0; i < measured.size(); ++i) {
    ASSERT_EQ(measured[i].size(), others_measured[i].size());
    for (std::size_t j = 0; j < measured[i].size(); ++j) {
      const auto& [name, number] = measured[i][j];
      EXPECT_NEAR(others_measured[i][j].second, number, 1e-5 * std::max(1.0, std::abs(number))) << name << " of step " << i + 1;
    }
  }
  const auto numbers = learned_numbers(one.folder), others = learned_numbers(two.folder);
  ASSERT_FALSE(numbers.empty());
  ASSERT_EQ(numbers.size(), others.size());
  for (const auto& [name, tensor] : numbers) EXPECT_LT((tensor - others.at(name)).abs().max().item<double>(), 1e-5) << name;
  EXPECT_FALSE(two.adapter().empty());
}

std::pair<Recipe, Recipe> exact_runs(const std::string& recipe, const std::string& rows, const std::vector<std::string>& settings) {
  std::vector<std::string> all = {"model.precision=f32",  "run.threads=1",        "batch.rows=3",           "run.epochs=1",
                                  "run.validate_every=3", "optimizer.rate=0.001", "optimizer.epsilon=1e-4", "optimizer.warmup_share=0",
                                  "run.report_samples=0"};
  all.insert(all.end(), settings.begin(), settings.end());
  const Recipe one = make_recipe(recipe, "one", rows, all), two = make_recipe(recipe, "two", rows, all);
  for (const Recipe* run : {&one, &two}) std::filesystem::remove_all(run->folder);
  return {one, two};
}

void expect_two_processes_as_one(const std::string& recipe, const std::string& rows, const std::vector<std::string>& settings) {
  const auto [one, two] = exact_runs(recipe, rows, settings);
  expect_two_processes_as_one(one, two, started_by_default());
}

double value(const std::vector<std::pair<std::string, double>>& measured, const std::string& name) {
  for (const auto& [key, number] : measured)
    if (key == name) return number;
  ADD_FAILURE() << "no " << name;
  return NAN;
}

std::string pair_rows(int count) {
  std::string out;
  for (int i = 0; i < count; ++i)
    out += fmt::format(R"({{"prompt": "How much is {0} and {1}?", "chosen": "It is {2}.", "rejected": "No idea, {0} perhaps."{3}{4}}})", i,
                       i + 1, 2 * i + 1, i % 3 == 0 ? R"(, "strength": "significant", "chosen_safe": true, "rejected_safe": false)" : "",
                       i % 8 == 0 ? R"(, "split": "dev")" : "") +
           "\n";
  return out;
}

}  // namespace steward::tune::testing
