// Rollouts on the default model, held against llama.cpp called by hand and against the engine.
#include "steward/model/llama/rollouts.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "steward/model/llama/testing/adapter.h"
#include "steward/model/llama/testing/session.h"

namespace steward::model {
namespace {

using namespace testing_llama;

Rollouts open_rollouts(int at_once, int threads = 2) {
  auto out = Rollouts::open({.base = model_path(), .at_once = at_once, .context = 160, .threads = threads});
  if (!out) fprintf(stderr, "%s\n", out.error().message.c_str());
  STEWARD_CHECK(out.has_value());
  return std::move(*out);
}

std::vector<Token> tokens_of(const std::string& text) { return shared().tokenize(text, false, true).value(); }

std::vector<Token> question(const std::string& text) {
  return tokens_of("<|im_start|>system\nAnswer in a few words.<|im_end|>\n<|im_start|>user\n" + text +
                   "<|im_end|>\n<|im_start|>assistant\n");
}

/// Prompts of several lengths, `draws` of each next to each other.
std::vector<RolloutPrompt> many(int draws) {
  const std::vector<std::string> texts = {"Name a colour.", "What do foxes eat, and where do they sleep when it is cold outside?",
                                          "Say yes.", "Tell me a story about a small boat that crossed the wide ocean on its own.",
                                          "Two plus two?"};
  std::vector<RolloutPrompt> out;
  for (const std::string& text : texts)
    for (int i = 0; i < draws; ++i) out.push_back({question(text), out.size()});
  return out;
}

std::vector<std::vector<Token>> tokens_of(const std::vector<Rollout>& rollouts) {
  std::vector<std::vector<Token>> out;
  for (const Rollout& rollout : rollouts) out.push_back(rollout.tokens);
  return out;
}

TEST(Rollouts, TheSameCallGivesTheSameTokensWhateverCameBefore) {
  const auto prompts = many(3);
  const RolloutSampling sampling{.temperature = 1, .tokens_max = 6, .seed = 7};
  Rollouts rollouts = open_rollouts(4);
  const auto first = rollouts.sample(prompts, sampling);
  ASSERT_TRUE(first) << first.error().message;
  ASSERT_TRUE(rollouts.sample(std::span(prompts).subspan(5, 4), {.temperature = 1.3, .tokens_max = 4, .seed = 1}));
  const std::string adapter = make_adapter("rollouts", 1);
  ASSERT_TRUE(rollouts.use_adapter(adapter));
  const auto adapted = rollouts.sample(prompts, sampling);
  ASSERT_TRUE(rollouts.use_adapter(""));
  const auto again = rollouts.sample(prompts, sampling);
  Rollouts fresh = open_rollouts(4);
  const auto other = fresh.sample(prompts, sampling);
  ASSERT_TRUE(fresh.use_adapter(adapter));
  const auto adapted_again = fresh.sample(prompts, sampling);
  ASSERT_TRUE(adapted && again && other && adapted_again);
  EXPECT_EQ(tokens_of(*first), tokens_of(*again));
  EXPECT_EQ(tokens_of(*first), tokens_of(*other));
  EXPECT_EQ(tokens_of(*adapted), tokens_of(*adapted_again));
  EXPECT_NE(tokens_of(*first), tokens_of(*adapted)) << "the adapter changes nothing: this test could not fail";
  EXPECT_NE(tokens_of(*first), tokens_of(*rollouts.sample(prompts, {.temperature = 1, .tokens_max = 6, .seed = 8})));
  const std::set<std::vector<Token>> story = {(*first)[9].tokens, (*first)[10].tokens, (*first)[11].tokens};
  EXPECT_EQ(story.size(), 3u) << "draws of one prompt";
}

/// Of each token of a text right after those before it.
std::vector<double> next_of(Rollouts& rollouts, const std::vector<Token>& text) {
  std::vector<std::vector<Token>> prompts;
  for (std::size_t end = 1; end < text.size(); ++end) prompts.emplace_back(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(end));
  const auto got = rollouts.next_logprobs(prompts, text);
  EXPECT_TRUE(got) << got.error().message;
  std::vector<double> out;
  for (std::size_t i = 0; i < prompts.size(); ++i) out.push_back((*got)[i][i + 1]);
  return out;
}

/// One after the other to the digit; side by side, with prefixes shared, on average, since the file's kernels round activations to 8 bits.
TEST(Rollouts, LogprobsAreThoseOfTheLibrary) {
  const auto text = question("Tell me about the capital of France, and of Italy.");
  Rollouts alone = open_rollouts(1, 1), together = open_rollouts(6);
  for (const std::string& adapter : {std::string(), make_adapter("logprobs", 2)}) {
    ASSERT_TRUE(alone.use_adapter(adapter));
    ASSERT_TRUE(together.use_adapter(adapter));
    const auto wanted = library_logprobs(text, adapter), one = next_of(alone, text), many = next_of(together, text);
    double apart = 0;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      EXPECT_NEAR(one[i], wanted[i], 1e-3) << "after " << i + 1 << " tokens";
      apart += std::abs(many[i] - wanted[i]) / static_cast<double>(wanted.size());
    }
    EXPECT_LT(apart, 0.1);
  }
}

TEST(Rollouts, AloneAndGreedyTheyAreTheEnginesAnswers) {
  Rollouts rollouts = open_rollouts(1, 1);
  const auto prompts = many(1);
  const auto got = rollouts.sample(prompts, {.temperature = 0, .tokens_max = 16});
  ASSERT_TRUE(got) << got.error().message;
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    std::vector<Token> answer = (*got)[i].tokens;
    if ((*got)[i].ended) answer.pop_back();
    EXPECT_EQ(shared().detokenize(answer).value(), start(shared(), prompts[i].tokens, greedy(16), true)->wait().text) << i;
  }
}

TEST(Rollouts, AnswersEndWithTheTokenThatEndsThem) {
  Rollouts rollouts = open_rollouts(4);
  const auto prompts = many(2);
  const auto got = rollouts.sample(prompts, {.temperature = 0.7, .tokens_max = 24});
  ASSERT_TRUE(got) << got.error().message;
  const Token end = tokens_of("<|im_end|>").front();
  std::size_t ended = 0;
  for (const Rollout& rollout : *got) {
    ended += rollout.ended ? 1 : 0;
    ASSERT_FALSE(rollout.tokens.empty());
    EXPECT_EQ(std::count(rollout.tokens.begin(), rollout.tokens.end(), end), rollout.ended ? 1 : 0);
    EXPECT_EQ(rollout.tokens.back() == end, rollout.ended);
    if (!rollout.ended) EXPECT_EQ(rollout.tokens.size(), 24u);
  }
  EXPECT_GT(ended, 0u);
  EXPECT_LT(ended, got->size()) << "the story is longer";
}

TEST(Rollouts, DrawsFollowTheModelsOwnProbabilities) {
  Rollouts rollouts = open_rollouts(8);
  const auto prompt = question("Name a colour.");
  constexpr int kDraws = 300;
  std::vector<RolloutPrompt> prompts;
  for (std::uint64_t i = 0; i < kDraws; ++i) prompts.push_back({prompt, i});
  const auto got = rollouts.sample(prompts, {.temperature = 1, .tokens_max = 1});
  ASSERT_TRUE(got) << got.error().message;
  std::map<Token, int> counts;
  for (const Rollout& rollout : *got) ++counts[rollout.tokens.front()];
  std::vector<Token> seen;
  for (const auto& [token, count] : counts) seen.push_back(token);
  const std::vector<std::vector<Token>> one = {prompt};
  const auto logprobs = rollouts.next_logprobs(one, seen);
  ASSERT_TRUE(logprobs) << logprobs.error().message;
  int checked = 0;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const double p = std::exp(static_cast<double>((*logprobs)[0][i]));
    if (p < 0.03) continue;
    ++checked;
    EXPECT_NEAR(counts[seen[i]] / double{kDraws}, p, 4 * std::sqrt(p * (1 - p) / kDraws)) << "token " << seen[i];
  }
  EXPECT_GE(checked, 2);
}

TEST(Rollouts, WhatCannotBeDoneIsAnErrorInWords) {
  EXPECT_FALSE(Rollouts::open({.base = "/nowhere.gguf"}));
  EXPECT_FALSE(Rollouts::open({.base = model_path(), .at_once = 0}));
  Rollouts rollouts = open_rollouts(2);
  const auto error = [&](std::vector<Token> prompt, int tokens_max = 8) {
    const std::vector<RolloutPrompt> prompts = {{question("x"), 0}, {std::move(prompt), 1}};
    const auto got = rollouts.sample(prompts, {.tokens_max = tokens_max});
    return got ? "" : got.error().message;
  };
  EXPECT_NE(error({}).find("prompt 1"), std::string::npos);
  EXPECT_NE(error({-1}).find("prompt 1"), std::string::npos);
  EXPECT_NE(error({49'152}).find("prompt 1"), std::string::npos);
  EXPECT_NE(error(std::vector<Token>(153, 1)).find("over 160"), std::string::npos);
  EXPECT_EQ(error(std::vector<Token>(152, 1)), "");
  EXPECT_NE(error({1}, 0), "");
  const std::vector<std::vector<Token>> one = {{1}};
  EXPECT_FALSE(rollouts.next_logprobs(one, std::vector<Token>{49'152}));
  const auto bad = rollouts.use_adapter(model_path());
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().message.find("no LoRA"), std::string::npos);
  EXPECT_EQ(error({1}), "") << "after it the base answers";
  EXPECT_TRUE(rollouts.sample({}, {})->empty());
}

}  // namespace
}  // namespace steward::model
