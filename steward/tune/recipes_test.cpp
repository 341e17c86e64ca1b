// The program itself: whole runs of each recipe on a small model, killed and gone on with.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include <fmt/format.h>

#include "steward/core/files.h"
#include "steward/runs/run_log.h"
#include "steward/tune/reward_head.h"
#include "steward/tune/testing/library.h"
#include "steward/tune/testing/program.h"

namespace steward::tune {
namespace {

using testing::run_tune;
using testing::small_chat_model;

std::string chat_rows(int count) {
  std::string out;
  for (int i = 0; i < count; ++i)
    out +=
        fmt::format(
            R"({{"messages": [{{"role": "user", "content": "How much is {} and {}?"}}, {{"role": "assistant", "content": "It is {}."}}]{}}})",
            i, i + 1, 2 * i + 1, i % 8 == 0 ? R"(, "split": "dev")" : "") +
        "\n";
  return out;
}

/// The chosen answer counts right and the rejected one does not; every third pair says how much better it is and what is safe.
std::string pair_rows(int count) {
  std::string out;
  for (int i = 0; i < count; ++i)
    out += fmt::format(R"({{"prompt": "How much is {0} and {1}?", "chosen": "It is {2}.", "rejected": "No idea, {0} perhaps."{3}{4}}})", i,
                       i + 1, 2 * i + 1, i % 3 == 0 ? R"(, "strength": "significant", "chosen_safe": true, "rejected_safe": false)" : "",
                       i % 8 == 0 ? R"(, "split": "dev")" : "") +
           "\n";
  return out;
}

struct Recipe {
  std::string recipe, folder;
  std::vector<std::string> words;

  testing::Outcome go(bool resume, int kill_after = 0) const {
    std::vector<std::string> arguments = words;
    if (resume) arguments.emplace_back("--resume");
    return run_tune(arguments, folder + "/log.jsonl", kill_after);
  }
  /// The adapter, or the whole model.
  std::string made() const { return read_file(folder + "/adapter.gguf").value_or(read_file(folder + "/model.gguf").value_or("")); }
  /// The best checkpoint's file.
  std::string state() const { return read_file(folder + "/best/trainer.safetensors").value_or(""); }
  /// What was measured, without the times.
  std::vector<std::vector<std::pair<std::string, double>>> measured() const {
    std::vector<std::vector<std::pair<std::string, double>>> out;
    const auto log = runs::read_log(folder + "/log.jsonl");
    if (!log) ADD_FAILURE() << log.error().message;
    if (log)
      for (const auto& record : *log) out.push_back(record.values);
    return out;
  }
};

Recipe make_recipe(const std::string& recipe, const std::string& name, const std::string& rows,
                   const std::vector<std::string>& settings = {}) {
  // The last part of a folder's name goes into the card and the adapter.
  Recipe run{recipe, testing::scratch_folder() + "/" + name + "/" + recipe, {recipe}};
  const std::string data = testing::scratch_folder() + "/" + recipe + "-rows.jsonl";
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

void expect_same_bytes_after_kills(const std::string& recipe, const std::string& rows, const std::vector<std::string>& settings = {}) {
  const Recipe whole = make_recipe(recipe, "whole", rows, settings), killed = make_recipe(recipe, "killed", rows, settings);
  for (const Recipe* run : {&whole, &killed}) std::filesystem::remove_all(run->folder);
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
  ASSERT_FALSE(whole.made().empty());
  EXPECT_TRUE(whole.made() == killed.made());
  EXPECT_TRUE(whole.state() == killed.state());
  EXPECT_EQ(whole.measured(), killed.measured());
}

TEST(Sft, LearnsAndWritesWhatItMade) {
  const Recipe run = make_recipe("sft", "learns", chat_rows(40), {"export.merged=f16", "run.epochs=3"});
  const auto outcome = run.go(false);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
  const auto measured = run.measured();
  ASSERT_GE(measured.size(), 8u);
  EXPECT_EQ(measured[0][0].first, "loss");
  EXPECT_LT(measured.back()[0].second, 0.9 * measured[0][0].second);
  for (const char* file : {"adapter.gguf", "model.gguf", "card.md", "report.html", "config.yaml", "best/trainer.safetensors"})
    EXPECT_TRUE(std::filesystem::exists(run.folder + "/" + file)) << file;
  const std::string report = *read_file(run.folder + "/report.html");
  EXPECT_NE(report.find("How much is"), std::string::npos) << "prompts of the report";
  EXPECT_NE(report.find("tuned"), std::string::npos) << "answers of the report";
  const auto tokens = testing::library_tokens(small_chat_model(), "How much is 3 and 4?");
  const Tensor with_adapter = testing::library_logits(small_chat_model(), tokens, {.adapter = run.folder + "/adapter.gguf"});
  const Tensor merged = testing::library_logits(run.folder + "/model.gguf", tokens);
  EXPECT_LT(((with_adapter - merged).norm() / merged.norm()).item<double>(), 0.01);
}

TEST(Sft, AKilledRunGoesOnWithTheSameBytes) { expect_same_bytes_after_kills("sft", chat_rows(60), {"run.accumulate=2"}); }

TEST(Sft, AKilledRunOfAllWeightsGoesOnWithTheSameBytes) {
  expect_same_bytes_after_kills("sft", chat_rows(40), {"model.train=full", "optimizer.rate=0.002"});
}

TEST(Sft, AllWeights) {
  const Recipe run = make_recipe("sft", "full", chat_rows(24), {"model.train=full", "optimizer.rate=0.002", "run.epochs=1"});
  const auto outcome = run.go(false);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
  EXPECT_TRUE(std::filesystem::exists(run.folder + "/model.gguf"));
  EXPECT_FALSE(std::filesystem::exists(run.folder + "/adapter.gguf"));
}

TEST(Sft, WhatCannotBeDoneIsAnErrorInWords) {
  const auto error = [](const std::string& rows, const std::vector<std::string>& settings, const std::string& name = "errors") {
    const Recipe run = make_recipe("sft", name, rows, settings);
    std::filesystem::remove_all(run.folder);
    const auto outcome = run.go(false);
    EXPECT_EQ(outcome.exit_code, 3) << outcome.errors;
    return outcome.errors;
  };
  EXPECT_NE(error("", {}).find("row"), std::string::npos);
  EXPECT_NE(error("{\"messages\": 3}\n", {}).find("1"), std::string::npos);
  EXPECT_NE(error(chat_rows(9), {"model.lora.targets=[attn_norm]"}).find("targets"), std::string::npos);
  EXPECT_NE(error(chat_rows(9), {"model.base=/nowhere.gguf"}).find("/nowhere.gguf"), std::string::npos);
  EXPECT_NE(error(chat_rows(9), {"optimizer.rat=1"}).find("optimizer.rate"), std::string::npos);
  EXPECT_NE(error(chat_rows(9), {"run.folder=/proc/nowhere"}).find("/proc/nowhere"), std::string::npos);
  const std::string exploded = error(chat_rows(40), {"model.base=" + testing::overflowing_chat_model()}, "overflow");
  EXPECT_NE(exploded.find("no finite number"), std::string::npos) << exploded;
}

TEST(Sft, ARunGoesOnOnlyWithItsOwnDataAndBase) {
  const Recipe run = make_recipe("sft", "own", chat_rows(24));
  ASSERT_EQ(run.go(false).exit_code, 0);
  EXPECT_NE(run.go(false).errors.find("--resume"), std::string::npos) << "a second run in the same folder";
  EXPECT_EQ(run.go(true).exit_code, 0) << "it is over: nothing is left to do";
  const Recipe other = make_recipe("sft", "own", chat_rows(27));
  const auto outcome = other.go(true);
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_NE(outcome.errors.find("another data"), std::string::npos) << outcome.errors;
}

double value(const std::vector<std::pair<std::string, double>>& measured, const std::string& name) {
  for (const auto& [key, number] : measured)
    if (key == name) return number;
  ADD_FAILURE() << "no " << name;
  return NAN;
}

TEST(Dpo, TheChosenBecomeLikelier) {
  const Recipe run = make_recipe("dpo", "learns", pair_rows(40), {"optimizer.rate=0.005"});
  const auto outcome = run.go(false);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
  const auto measured = run.measured();
  EXPECT_NEAR(value(measured.front(), "loss"), std::log(2), 1e-6) << "the policy begins as the reference";
  EXPECT_EQ(value(measured.front(), "accuracy"), 0.5);
  EXPECT_LT(value(measured.back(), "validation/loss"), 0.6);
  EXPECT_GT(value(measured.back(), "validation/accuracy"), 0.75);
  EXPECT_TRUE(std::filesystem::exists(run.folder + "/adapter.gguf"));
}

TEST(Dpo, AKilledRunGoesOnWithTheSameBytes) { expect_same_bytes_after_kills("dpo", pair_rows(60), {"run.accumulate=2"}); }

TEST(Dpo, NeedsTheBaseAsItsReference) {
  const auto outcome = make_recipe("dpo", "full", pair_rows(9), {"model.train=full"}).go(false);
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_NE(outcome.errors.find("model.train: lora"), std::string::npos) << outcome.errors;
}

TEST(Reward, RanksPairsAndKeepsItsHead) {
  const Recipe run = make_recipe("reward", "learns", pair_rows(40), {"loss.safety_weight=0.5", "loss.margins=large"});
  const auto outcome = run.go(false);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
  const auto measured = run.measured();
  EXPECT_EQ(value(measured.front(), "accuracy"), 0.5) << "a fresh head scores all alike";
  EXPECT_GT(value(measured.back(), "validation/accuracy"), 0.9);
  EXPECT_GT(value(measured.back(), "validation/reward/margin"), 0.5);
  const auto head = load_head(run.folder + "/head.gguf", 64);
  ASSERT_TRUE(head) << head.error().message;
  EXPECT_GT(head->weight.abs().max().item<double>(), 0);
  EXPECT_FALSE(load_head(run.folder + "/head.gguf", 65));
  EXPECT_FALSE(load_head(run.folder + "/adapter.gguf", 64));
}

TEST(Reward, AKilledRunGoesOnWithTheSameBytes) { expect_same_bytes_after_kills("reward", pair_rows(60), {"loss.safety_weight=0.5"}); }

TEST(Reward, AHeadAlone) {
  const Recipe run = make_recipe("reward", "head", pair_rows(24), {"model.train=head", "model.precision=f32"});
  const auto outcome = run.go(false);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
  EXPECT_TRUE(std::filesystem::exists(run.folder + "/head.gguf"));
  EXPECT_FALSE(std::filesystem::exists(run.folder + "/adapter.gguf"));
}

}  // namespace
}  // namespace steward::tune
