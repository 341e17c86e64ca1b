// Recipes that sample: whole runs on a small model with reward models of its own, killed and gone on with.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

#include <fmt/format.h>

#include "steward/core/files.h"
#include "steward/core/json.h"
#include "steward/tune/reward_model.h"
#include "steward/tune/session.h"
#include "steward/tune/testing/library.h"
#include "steward/tune/testing/recipe.h"

namespace steward::tune {
namespace {

using testing::expect_same_bytes_after_kills;
using testing::make_recipe;
using testing::pair_rows;
using testing::Recipe;
using testing::value;

/// Every fourth is a safety prompt.
std::string prompt_rows(int count, int held_out = 8) {
  std::string out;
  for (int i = 0; i < count; ++i)
    out += fmt::format(R"({{"prompt": "How much is {} and {}?"{}{}}})", i, i + 1, i % 4 == 0 ? R"(, "safety": true)" : "",
                       i % held_out == 0 ? R"(, "split": "dev")" : "") +
           "\n";
  return out;
}

/// The small model never ends an answer by chance: one that often does, by fine-tuning. A GGUF file.
std::string ending_base() {
  std::string rows;
  for (int i = 0; i < 16; ++i) rows += fmt::format(R"({{"prompt": "How much is {} and {}?", "completion": "Ten."}})", i, i + 1) + "\n";
  const Recipe run = make_recipe("sft", "ending", rows, {"model.train=full", "run.epochs=8", "optimizer.rate=0.01"});
  if (!std::filesystem::exists(run.folder + "/model.gguf")) {
    const auto outcome = run.go(false);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
    EXPECT_LT(run.measured().back()[0].second, 2) << "it has not learned to end";
  }
  return run.folder + "/model.gguf";
}

/// The folder of a reward model that was trained here, once: helpfulness, safety, or "opposite", which likes what helpfulness does not.
std::string reward_folder(const std::string& name) {
  std::string rows = pair_rows(24);
  if (name == "opposite") {
    const auto replace = [&rows](const std::string& word, const std::string& by) {
      for (std::size_t at = rows.find(word); at != std::string::npos; at = rows.find(word, at + by.size()))
        rows.replace(at, word.size(), by);
    };
    replace("\"chosen\"", "\"swapped\"");
    replace("\"rejected\"", "\"chosen\"");
    replace("\"swapped\"", "\"rejected\"");
  }
  const Recipe run =
      make_recipe("reward", name, rows,
                  {"model.base=" + ending_base(), "run.epochs=1", name == "safety" ? "loss.safety_weight=0.5" : "loss.safety_weight=0"});
  if (!std::filesystem::exists(run.folder + "/head.gguf")) {
    const auto outcome = run.go(false);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
  }
  return run.folder;
}

/// Short answers of few draws: what the small model says is noise.
std::vector<std::string> with_rewards(std::vector<std::string> more) {
  std::vector<std::string> out = {"model.base=" + ending_base(),
                                  "reward.helpfulness=" + reward_folder("helpfulness"),
                                  "reward.safety=" + reward_folder("safety"),
                                  "rollouts.tokens_max=6",
                                  "rollouts.threads=1",
                                  "rollouts.at_once=4",
                                  "optimizer.rate=0.005",
                                  "run.report_samples=1"};
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

std::size_t lines_of(const std::string& path) {
  const auto text = read_file(path);
  return text ? static_cast<std::size_t>(std::count(text->begin(), text->end(), '\n')) : 0;
}

TEST(RewardModel, IsReadAsItWasTrained) {
  const std::string folder = reward_folder("helpfulness");
  LlamaShape shape = *load_shape(ending_base());
  const std::string base = *digest_of_base(ending_base());
  const auto model = load_reward_model(folder, shape, base);
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(model->lora.rank, 4);
  EXPECT_FALSE(load_reward_model(folder, shape, std::string(64, '0'))) << "another base";
  shape.width = 32;
  EXPECT_FALSE(load_adapter(folder + "/adapter.gguf", shape));
  EXPECT_FALSE(load_adapter(folder + "/head.gguf", *load_shape(ending_base())));
}

TEST(Rejection, PoolsTheBestAndLearnsThem) {
  const auto settings = [&](std::vector<std::string> more) {
    more.insert(more.end(), {"rejection.draws=3", "rejection.prompts_at_once=5"});
    return with_rewards(std::move(more));
  };
  const Recipe run = make_recipe("rejection", "first", prompt_rows(16), settings({}));
  const auto outcome = run.go(false);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
  const std::size_t pooled = lines_of(run.folder + "/pool.jsonl");
  EXPECT_GT(pooled, 4u);
  EXPECT_EQ(lines_of(run.folder + "/best.jsonl"), pooled) << "one round has one answer a prompt";
  EXPECT_EQ(lines_of(run.folder + "/rollouts/prompts-000000.jsonl"), 1u + 5 * 3);
  const Recipe next =
      make_recipe("rejection", "next", prompt_rows(16), settings({"rejection.pools=[" + run.folder + "/pool.jsonl]", "run.seed=2"}));
  const auto second = next.go(false);
  ASSERT_EQ(second.exit_code, 0) << second.errors;
  const std::size_t both = lines_of(next.folder + "/pool.jsonl"), best = lines_of(next.folder + "/best.jsonl");
  EXPECT_GT(both, pooled + 4) << "earlier rounds stay";
  EXPECT_LE(best, 14u) << "one a prompt";
  EXPECT_GE(best, pooled);
}

TEST(Rejection, AKilledRunGoesOnWithTheSameBytes) {
  const auto settings = with_rewards({"rejection.draws=2", "rejection.prompts_at_once=4", "run.epochs=4"});
  const Recipe whole = make_recipe("rejection", "whole", prompt_rows(16), settings),
               killed = make_recipe("rejection", "killed", prompt_rows(16), settings);
  const auto outcome = whole.go(false);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
  int kills = 0;
  bool begun = false;
  for (const auto& [file, lines] : {std::pair{"rollouts/prompts-000004.jsonl", 1}, std::pair{"log.jsonl", 1}, std::pair{"log.jsonl", 5}}) {
    std::vector<std::string> words = killed.words;
    if (begun) words.emplace_back("--resume");
    begun = true;
    kills += testing::run_tune(words, killed.folder + "/" + file, lines).killed ? 1 : 0;
  }
  EXPECT_GE(kills, 2);
  const auto last = killed.go(true);
  ASSERT_EQ(last.exit_code, 0) << last.errors;
  ASSERT_FALSE(whole.adapter().empty());
  EXPECT_TRUE(whole.adapter() == killed.adapter());
  EXPECT_TRUE(whole.state() == killed.state());
  EXPECT_EQ(whole.measured(), killed.measured());
}

TEST(Ppo, MeasuresAndWritesWhatItMade) {
  const Recipe run =
      make_recipe("ppo", "learns", prompt_rows(16),
                  with_rewards({"model.adapter=" + reward_folder("safety") + "/adapter.gguf", "batch.rows=7", "ppo.minibatch=4",
                                "ppo.passes=2", "kl.target=0.5", "run.validate_every=2", "reward.check=" + reward_folder("helpfulness")}));
  const auto outcome = run.go(false);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
  const auto measured = run.measured();
  ASSERT_EQ(measured.size(), 4u);
  EXPECT_EQ(value(measured[0], "kl"), 0) << "the policy begins as the reference, which is the adapter that it began from";
  EXPECT_GT(std::abs(value(measured[3], "kl")), 1e-4);
  EXPECT_EQ(value(measured[0], "kl/beta"), 0.01);
  EXPECT_NEAR(value(measured[1], "kl/beta"), 0.0098, 1e-9) << "below its target";
  EXPECT_EQ(value(measured[1], "reward/check"), value(measured[1], "reward/helpfulness")) << "the same model twice";
  EXPECT_FALSE(std::isnan(value(measured[3], "validation/reward")));
  for (const char* file : {"adapter.gguf", "report.html", "rollouts/step-000001.jsonl", "rollouts/held-out-000000.jsonl"})
    EXPECT_TRUE(std::filesystem::exists(run.folder + "/" + file)) << file;
}

/// Answers come to end, and score higher, than those of the first step. The opposite reward model sees it.
void expect_earned(const Recipe& run) {
  const auto outcome = run.go(false);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
  const auto measured = run.measured();
  const auto late = [&](const std::string& name) {
    double sum = 0;
    for (std::size_t i = measured.size() - 3; i < measured.size(); ++i) sum += value(measured[i], name) / 3;
    return sum;
  };
  EXPECT_LT(value(measured[0], "ended"), 0.7);
  EXPECT_GT(late("ended"), 0.9);
  EXPECT_GT(late("reward"), value(measured[0], "reward") + 1);
  EXPECT_NE(outcome.errors.find("reward.check fell"), std::string::npos) << outcome.errors;
}

TEST(Ppo, TheRewardIsEarned) {
  expect_earned(make_recipe("ppo", "earns", prompt_rows(16),
                            with_rewards({"batch.rows=14", "run.epochs=12", "reward.missing_end=4",
                                          "reward.check=" + reward_folder("opposite"), "rollouts.temperature=1.5", "rollouts.tokens_max=5",
                                          "optimizer.rate=0.003", "kl.beta=0", "ppo.minibatch=7", "ppo.passes=2"})));
}

TEST(Grpo, TheRewardIsEarned) {
  expect_earned(make_recipe("grpo", "earns", prompt_rows(16),
                            with_rewards({"batch.rows=7", "run.epochs=6", "reward.missing_end=4",
                                          "reward.check=" + reward_folder("opposite"), "rollouts.temperature=1.5", "rollouts.tokens_max=5",
                                          "optimizer.rate=0.003", "grpo.beta=0", "grpo.group=4", "grpo.minibatch=14", "grpo.passes=2"})));
}

TEST(Ppo, AKilledRunGoesOnWithTheSameBytes) {
  expect_same_bytes_after_kills("ppo", prompt_rows(22), with_rewards({"batch.rows=4", "ppo.minibatch=2", "kl.target=2", "run.epochs=2"}));
}

TEST(Grpo, AKilledRunGoesOnWithTheSameBytes) {
  expect_same_bytes_after_kills("grpo", prompt_rows(22),
                                with_rewards({"batch.rows=4", "grpo.group=2", "grpo.minibatch=4", "run.epochs=2"}));
}

/// The records of a run's answers, by name.
std::map<std::string, std::string> records_of(const Recipe& run) {
  std::map<std::string, std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(run.folder + "/rollouts"))
    if (entry.path().extension() == ".jsonl") out[entry.path().filename()] = read_file(entry.path().string()).value_or("");
  return out;
}

/// One thread a process, as many rollouts' threads in all. Two processes sample what one samples from the same policy: the records that
/// stand before the first step, `first`. A step later a policy may differ in its last bits, which sooner or later chooses another word, and
/// then everything differs; so both learn from the answers of one.
void expect_policy_as_one(const std::string& recipe, const std::vector<std::string>& first, std::vector<std::string> settings) {
  settings.insert(settings.end(), {"rollouts.threads=2", "optimizer.rate=0.001", "run.report_samples=0"});
  const auto [one, two] = testing::exact_runs(recipe, prompt_rows(16), settings);
  const auto alone = one.go(false);
  ASSERT_EQ(alone.exit_code, 0) << alone.errors;
  const auto together = testing::run_processes(testing::started_by_default(), 2, two.words);
  ASSERT_EQ(together.exit_code, 0) << together.errors;
  const auto records = records_of(one), others = records_of(two);
  for (const std::string& name : first) {
    ASSERT_TRUE(records.contains(name) && others.contains(name)) << name;
    EXPECT_EQ(records.at(name), others.at(name)) << name;
  }

  for (const auto& entry : std::filesystem::directory_iterator(two.folder))
    if (entry.path().filename() != "config.yaml") std::filesystem::remove_all(entry.path());
  std::filesystem::create_directory(two.folder + "/rollouts");
  for (const auto& [name, text] : records) ASSERT_TRUE(write_file_atomic(two.folder + "/rollouts/" + name, text));
  auto words = two.words;
  words.emplace_back("--resume");
  const auto told = testing::run_processes(testing::started_by_default(), 2, words);
  ASSERT_EQ(told.exit_code, 0) << told.errors;
  testing::expect_same_numbers(one, two);
  EXPECT_EQ(records_of(two), records) << "all that it learned from was there";
}

TEST(Rejection, TwoProcessesAreAsOne) {
  expect_policy_as_one("rejection", {"prompts-000000.jsonl", "prompts-000005.jsonl"},
                       with_rewards({"rejection.draws=3", "rejection.prompts_at_once=5"}));
}
TEST(Ppo, TwoProcessesAreAsOne) {
  expect_policy_as_one("ppo", {"held-out-000000.jsonl", "step-000001.jsonl"},
                       with_rewards({"batch.rows=7", "ppo.minibatch=3", "kl.target=2", "reward.check=" + reward_folder("opposite")}));
}
TEST(Grpo, TwoProcessesAreAsOne) {
  expect_policy_as_one("grpo", {"held-out-000000.jsonl", "step-000001.jsonl"},
                       with_rewards({"batch.rows=5", "grpo.group=2", "grpo.minibatch=3"}));
}

/// A judge instead of reward models.
std::vector<std::string> with_judge() {
  return {"reward.judge=" + testing::small_chat_model(),
          "reward.judge_tokens=512",
          "constitution.policy=" STEWARD_SOURCE_DIR "/policies/base.yaml",
          "rollouts.tokens_max=6",
          "rollouts.threads=1",
          "rollouts.at_once=4",
          "batch.rows=4",
          "grpo.group=2",
          "grpo.minibatch=4",
          "run.epochs=2",
          "run.report_samples=1"};
}

TEST(DirectRlaif, AJudgesRatingsAreTheReward) {
  const Recipe run = make_recipe("grpo", "judged", prompt_rows(12), with_judge());
  const auto outcome = run.go(false);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
  for (const auto& step : run.measured()) {
    EXPECT_GT(value(step, "reward"), -1);
    EXPECT_LT(value(step, "reward"), 1);
  }
  EXPECT_NE(run.bytes("report.html").find("reward.judge"), std::string::npos) << "the judge's digest is in the run's origin";
  auto both = with_judge();
  both.push_back("reward.safety=" + reward_folder("safety"));
  const auto refused = make_recipe("grpo", "both", prompt_rows(12), both).go(false);
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_NE(refused.errors.find("reward.judge"), std::string::npos) << refused.errors;
}

TEST(DirectRlaif, TwoProcessesAreAsOne) { expect_policy_as_one("grpo", {"held-out-000000.jsonl", "step-000001.jsonl"}, with_judge()); }

TEST(DirectRlaif, AKilledRunGoesOnWithTheSameBytes) { expect_same_bytes_after_kills("grpo", prompt_rows(22), with_judge()); }

TEST(Measure, PoliciesSideBySide) {
  std::string rows;
  for (int i = 0; i < 12; ++i)
    rows += fmt::format(R"({{"prompt": "How much is {} and {}?", "group": "{}", "split": "test"}})", i, i + 1,
                        i % 3 == 0   ? "harmful"
                        : i % 3 == 1 ? "benign"
                                     : "borderline") +
            "\n";
  const std::string folder = testing::scratch_folder() + "/measures", data = testing::scratch_folder() + "/measured.jsonl";
  ASSERT_TRUE(write_file_atomic(data, rows));
  const auto measure = [&](const std::string& policies) {
    std::vector<std::string> words = {"measure"};
    for (const std::string& setting :
         {"model.base=" + ending_base(), "data.files=[" + data + "]", "measure.policies=[" + policies + "]", "run.folder=" + folder,
          "measure.untuned=" + testing::small_chat_model(), "reward.helpfulness=" + reward_folder("helpfulness"),
          "reward.safety=" + reward_folder("safety"), std::string("rollouts.tokens_max=6"), std::string("rollouts.threads=1")})
      words.insert(words.end(), {"--set", setting});
    return testing::run_tune(words);
  };
  const std::string adapter = reward_folder("safety") + "/adapter.gguf";
  const auto outcome = measure("base=, other=" + adapter + ", again=" + adapter);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
  const auto all = json::parse(*read_file(folder + "/measures.json")).value().as_array();
  ASSERT_EQ(all.size(), 4u);
  EXPECT_FALSE(all[0].as_object().contains("kl")) << "another base";
  EXPECT_EQ(all[1].at("kl").as_double(), 0);
  EXPECT_NE(all[2].at("kl").as_double(), 0);
  EXPECT_EQ(all[2].at("reward"), all[3].at("reward")) << "the same policy with the same random numbers";
  EXPECT_EQ(all[1].at("violations").at("count").as_int64(), 4);
  EXPECT_EQ(all[1].at("over_refusal").at("count").as_int64(), 8);
  EXPECT_NE(outcome.errors.find("| other |"), std::string::npos) << outcome.errors;
  EXPECT_NE(measure("no equals sign").errors.find("NAME=ADAPTER"), std::string::npos);
}

TEST(Policies, WhatCannotBeDoneIsAnErrorInWords) {
  const auto error = [](const std::string& recipe, const std::vector<std::string>& settings) {
    const Recipe run = make_recipe(recipe, "errors", prompt_rows(8), settings);
    std::filesystem::remove_all(run.folder);
    const auto outcome = run.go(false);
    EXPECT_EQ(outcome.exit_code, 3) << outcome.errors;
    return outcome.errors;
  };
  EXPECT_NE(error("ppo", {}).find("reward.helpfulness"), std::string::npos);
  EXPECT_NE(error("ppo", {"reward.safety=/nowhere"}).find("/nowhere"), std::string::npos);
  EXPECT_NE(error("grpo", with_rewards({"model.train=full"})).find("model.train: lora"), std::string::npos);
  EXPECT_NE(error("ppo", with_rewards({"model.adapter=" + reward_folder("safety") + "/adapter.gguf", "model.lora.rank=8"})).find("rank 4"),
            std::string::npos);
  EXPECT_NE(error("rejection", with_rewards({"rejection.pools=[/nowhere.jsonl]"})).find("/nowhere.jsonl"), std::string::npos);
  EXPECT_NE(error("rejection", with_rewards({"rollouts.tokens_max=1"})).find("rollouts.tokens_max"), std::string::npos) << "no answer ends";
}

}  // namespace
}  // namespace steward::tune
