// Recipes as tests run them.
#include "steward/tune/testing/recipe.h"

#include <gtest/gtest.h>

#include <cmath>

#include <fmt/format.h>

#include "steward/core/files.h"
#include "steward/runs/run_log.h"
#include "steward/tune/testing/library.h"

namespace steward::tune::testing {

Outcome Recipe::go(bool resume, int kill_after) const {
  std::vector<std::string> arguments = words;
  if (resume) arguments.emplace_back("--resume");
  return run_tune(arguments, folder + "/log.jsonl", kill_after);
}

std::string Recipe::adapter() const { return read_file(folder + "/adapter.gguf").value_or(""); }
std::string Recipe::state() const { return read_file(folder + "/best/trainer.safetensors").value_or(""); }

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
  std::vector<std::string> all = {"run.folder=" + run.folder,
                                  "model.base=" + small_chat_model(),
                                  "data.files=[" + data + "]",
                                  "run.epochs=2",
                                  "batch.rows=2",
                                  "batch.row_tokens=96",
                                  "data.tokens_max=96",
                                  "run.checkpoint_every=3",
                                  "run.validate_every=5",
                                  "run.threads=2",
                                  "optimizer.rate=0.01",
                                  "model.lora.rank=4"};
  all.insert(all.end(), settings.begin(), settings.end());
  for (const std::string& setting : all) run.words.insert(run.words.end(), {"--set", setting});
  return run;
}

void expect_same_bytes_after_kills(const std::string& recipe, const std::string& rows, const std::vector<std::string>& settings) {
  const Recipe whole = make_recipe(recipe, "whole", rows, settings), killed = make_recipe(recipe, "killed", rows, settings);
  const auto outcome = whole.go(false);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
  int kills = 0;
  bool begun = false;
  for (const int lines : {1, 4, 5, 8, 11}) {
    const auto cut = killed.go(begun, lines);
    begun = true;
    kills += cut.killed ? 1 : 0;
    if (!cut.killed) ASSERT_EQ(cut.exit_code, 0) << cut.errors;
  }
  EXPECT_GE(kills, 3) << "the runs were over before they could be killed: this test shows nothing";
  const auto last = killed.go(true);
  ASSERT_EQ(last.exit_code, 0) << last.errors;
  ASSERT_FALSE(whole.adapter().empty());
  EXPECT_TRUE(whole.adapter() == killed.adapter());
  EXPECT_TRUE(whole.state() == killed.state());
  EXPECT_EQ(whole.measured(), killed.measured());
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
