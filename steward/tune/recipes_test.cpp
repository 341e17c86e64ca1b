// The program itself: whole runs of each recipe on a small model, killed and gone on with.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include <fmt/format.h>

#include "steward/core/files.h"
#include "steward/tune/reward_head.h"
#include "steward/tune/testing/library.h"
#include "steward/tune/testing/program.h"
#include "steward/tune/testing/recipe.h"

namespace steward::tune {
namespace {

using testing::expect_same_bytes_after_kills;
using testing::expect_two_processes_as_one;
using testing::make_recipe;
using testing::pair_rows;
using testing::Recipe;
using testing::small_chat_model;
using testing::value;

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

/// Right answers with a thumb up, and answers without a number with a thumb down.
std::string thumb_rows(int count) {
  std::string out;
  for (int i = 0; i < count; ++i)
    out += fmt::format(R"({{"prompt": "How much is {} and {}?", "completion": "{}", "label": {}{}}})", i / 2, i / 2 + 1,
                       i % 2 == 0 ? fmt::format("It is {}.", i / 2 * 2 + 1) : "No idea.", i % 2 == 0,
                       i / 2 % 8 == 0 ? R"(, "split": "dev")" : "") +
           "\n";
  return out;
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

TEST(Sft, AKilledRunGoesOnWithTheSameBytes) { expect_same_bytes_after_kills("sft", chat_rows(36), {"run.accumulate=2"}); }

TEST(Sft, AKilledRunOfAllWeightsGoesOnWithTheSameBytes) {
  expect_same_bytes_after_kills("sft", chat_rows(18), {"model.train=full", "optimizer.rate=0.002"});
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

TEST(Dpo, AKilledRunGoesOnWithTheSameBytes) { expect_same_bytes_after_kills("dpo", pair_rows(36), {"run.accumulate=2"}); }

TEST(Dpo, NeedsTheBaseAsItsReference) {
  const auto outcome = make_recipe("dpo", "full", pair_rows(9), {"model.train=full"}).go(false);
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_NE(outcome.errors.find("model.train: lora"), std::string::npos) << outcome.errors;
}

TEST(Kto, ThumbsPullAnswersApart) {
  const Recipe run = make_recipe("kto", "learns", thumb_rows(48), {"optimizer.rate=0.005", "batch.rows=4"});
  const auto outcome = run.go(false);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
  EXPECT_NE(outcome.errors.find("up, "), std::string::npos) << "how many thumbs point where: " << outcome.errors;
  const auto measured = run.measured();
  EXPECT_NEAR(value(measured.front(), "loss"), 0.5, 1e-6) << "the policy begins as the reference";
  EXPECT_EQ(value(measured.front(), "kl"), 0);
  EXPECT_LT(value(measured.back(), "validation/loss"), 0.45);
  EXPECT_GT(value(measured.back(), "validation/accuracy"), 0.75);
  EXPECT_GT(value(measured.back(), "validation/reward/chosen"), value(measured.back(), "validation/reward/rejected") + 0.3);
}

TEST(Kto, TwoProcessesAreAsOne) { expect_two_processes_as_one("kto", thumb_rows(20), {"run.accumulate=2", "batch.layout=padded"}); }

TEST(Kto, AKilledRunGoesOnWithTheSameBytes) { expect_same_bytes_after_kills("kto", thumb_rows(36), {"run.accumulate=2"}); }

TEST(Kto, NeedsOtherPromptsInABatch) {
  const auto outcome = make_recipe("kto", "alone", thumb_rows(9), {"batch.rows=1"}).go(false);
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_NE(outcome.errors.find("batch.rows"), std::string::npos) << outcome.errors;
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

TEST(Reward, AKilledRunGoesOnWithTheSameBytes) { expect_same_bytes_after_kills("reward", pair_rows(20), {"loss.safety_weight=0.5"}); }

/// Pairs with a label that says how likely the chosen answer is the better one.
std::string soft_rows(int count, double probability) {
  std::string out;
  for (int i = 0; i < count; ++i)
    out += fmt::format(R"({{"prompt": "How much is {0} and {1}?", "chosen": "It is {2}.", "rejected": "No idea.", "probability": {3}}})", i,
                       i + 1, 2 * i + 1, probability) +
           "\n";
  return out;
}

TEST(Reward, LearnsHowSureALabelIs) {
  const auto margin = [](const std::string& name, double probability) {
    const Recipe run = make_recipe("reward", name, soft_rows(40, probability), {"run.epochs=3"});
    const auto outcome = run.go(false);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
    return outcome.exit_code == 0 ? value(run.measured().back(), "reward/margin") : NAN;
  };
  // The least loss is at log(p / (1 - p)).
  EXPECT_NEAR(margin("soft", 0.75), std::log(3), 0.5);
  EXPECT_NEAR(margin("swapped", 0.25), -std::log(3), 0.5);
}

TEST(Dpo, LearnsFromASoftLabelThatSaysTheContrary) {
  const Recipe run = make_recipe("dpo", "soft", soft_rows(40, 0.1), {"optimizer.rate=0.005"});
  const auto outcome = run.go(false);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
  EXPECT_LT(value(run.measured().back(), "reward/margin"), -0.2);
}

TEST(Reward, AHeadAlone) {
  const Recipe run = make_recipe("reward", "head", pair_rows(24), {"model.train=head", "model.precision=f32"});
  const auto outcome = run.go(false);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
  EXPECT_TRUE(std::filesystem::exists(run.folder + "/head.gguf"));
  EXPECT_FALSE(std::filesystem::exists(run.folder + "/adapter.gguf"));
}

}  // namespace
}  // namespace steward::tune
