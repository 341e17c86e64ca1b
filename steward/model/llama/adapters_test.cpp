// Adapters of the default model, made here with random weights: what one does to log-probabilities is held against llama.cpp called by
// hand.
#include <gtest/gtest.h>

#include <filesystem>

#include "steward/core/hash.h"
#include "steward/model/llama/testing/adapter.h"
#include "steward/model/llama/testing/session.h"

namespace steward::model {
namespace {

using namespace testing_llama;

/// The base and adapters "one", "two" and "none", which has scale 0.
const std::vector<std::unique_ptr<LanguageModel>>& family() {
  static const auto models = [] {
    LlamaOptions given = options(2, 16);
    given.adapters = {
        {make_adapter("one", 1), "one", "", 1}, {make_adapter("two", 2), "two", "", 0.5}, {make_adapter("one", 1), "none", "", 0}};
    auto opened = open_llama(given);
    if (!opened) fprintf(stderr, "%s\n", opened.error().message.c_str());
    STEWARD_CHECK(opened.has_value());
    return std::move(*opened);
  }();
  return models;
}

std::vector<double> scored(LanguageModel& model, const std::vector<Token>& tokens) {
  Sampling sampling = greedy(1);
  sampling.echo = sampling.want_logprobs = true;
  std::vector<double> out;
  for (const TokenLogprob& token : start(model, tokens, sampling, true)->wait().prompt)
    if (token.logprob) out.push_back(*token.logprob);
  return out;
}

TEST(Adapters, EachIsAModelWithARecordOfItsOwn) {
  const auto& models = family();
  ASSERT_EQ(models.size(), 4u);
  EXPECT_EQ(models[0]->record().id, "test");
  const ModelRecord& one = models[1]->record();
  EXPECT_EQ(one.id, "one");
  EXPECT_EQ(one.name, "one");
  EXPECT_EQ(one.sha256, sha256_file_hex(one.path).value());
  EXPECT_EQ(one.metadata.at("adapter.base").get_string(), "test");
  EXPECT_EQ(one.metadata.at("adapter.base_sha256").get_string(), models[0]->record().sha256);
  EXPECT_EQ(one.vocabulary, models[0]->record().vocabulary);
}

TEST(Adapters, LogprobsAreThoseOfTheLibrary) {
  const auto& models = family();
  const auto tokens = models[0]->tokenize("The capital of France is Paris, and the capital of Italy is Rome.", false, true).value();
  const auto base = library_logprobs(tokens), one = library_logprobs(tokens, models[1]->record().path, 1),
             two = library_logprobs(tokens, models[2]->record().path, 0.5F);
  double apart = 0;
  for (std::size_t i = 0; i < base.size(); ++i) apart = std::max({apart, std::abs(one[i] - base[i]), std::abs(two[i] - base[i])});
  ASSERT_GT(apart, 0.1) << "the adapters change nothing: this test could not fail";
  const auto check = [&](std::size_t model, const std::vector<double>& wanted) {
    const auto got = scored(*models[model], tokens);
    ASSERT_EQ(got.size(), wanted.size());
    for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], wanted[i], 1e-3) << "model " << model << ", token " << i;
  };
  // In an order that changes adapters each time, and comes back.
  check(1, one);
  check(0, base);
  check(2, two);
  check(1, one);
  check(3, base);
}

TEST(Adapters, BesideOthersEachAnswersAsAlone) {
  const auto& models = family();
  const Prompt prompt = ask("Tell me about foxes.");
  std::vector<std::string> alone;
  for (const auto& model : models) alone.push_back(start(*model, prompt, greedy(16), true)->wait().text);
  EXPECT_NE(alone[0], alone[1]);
  EXPECT_EQ(alone[0], alone[3]) << "scale 0 is the base";
  std::vector<Running> together;
  for (int round = 0; round < 2; ++round)
    for (const auto& model : models) together.push_back(std::move(*start(*model, prompt, greedy(16), true)));
  for (std::size_t i = 0; i < together.size(); ++i) EXPECT_EQ(together[i].wait().text, alone[i % models.size()]) << i;
}

/// Side by side in the context, in turns: none starves, and a prefix that another adapter read is not reused.
TEST(Adapters, TakeTurnsAndShareNoPrefix) {
  const auto& models = family();
  const Prompt prompt = ask("Name one colour, please, of the rainbow, and say why you like it.");
  auto long_one = start(*models[1], prompt, greedy(400));
  auto short_one = start(*models[2], prompt, greedy(8));
  const Answer answer = short_one->wait();
  EXPECT_EQ(answer.reason, FinishReason::kLength);
  EXPECT_NE(long_one->done.wait_for(std::chrono::seconds(0)), std::future_status::ready) << "the short one waited for the long one's end";
  EXPECT_EQ(answer.usage.cached_tokens, 0);
  long_one->generation->cancel();
  long_one->wait();
  start(*models[2], prompt, greedy(2))->wait();
  EXPECT_GT(start(*models[2], prompt, greedy(2))->wait().usage.cached_tokens, 10);
  start(*models[0], ask("x"), greedy(1))->wait();
}

TEST(Adapters, TheBaseMayGoBeforeThem) {
  LlamaOptions given = options(1, 4);
  given.adapters = {{make_adapter("last", 3), "last", "", 1}};
  auto models = std::move(*open_llama(given));
  models.erase(models.begin());
  EXPECT_EQ(*start(*models[0], ask("What is water made of?"), greedy(3))->wait().reason, FinishReason::kLength);
}

TEST(Adapters, OnesThatDoNotFitAreErrorsInWords) {
  const auto error = [](const std::string& path, const std::string& sha256 = "") {
    LlamaOptions given = options(1, 1);
    given.adapters = {{path, "a", sha256, 1}};
    const auto opened = open_llama(given);
    if (!opened) EXPECT_NE(opened.error().message.find(path), std::string::npos) << opened.error().message;
    return opened ? "" : opened.error().message;
  };
  Made made;
  made.architecture = "qwen2";
  EXPECT_NE(error(make_adapter("architecture", 1, made)).find("architecture"), std::string::npos);
  made = {};
  made.inputs = 512;
  EXPECT_NE(error(make_adapter("shape", 1, made)).find("does not fit"), std::string::npos);
  made = {};
  made.tensor = "blk.99.attn_q.weight";
  EXPECT_NE(error(make_adapter("layer", 1, made)).find("does not fit"), std::string::npos);
  made = {};
  made.type = "model";
  EXPECT_NE(error(make_adapter("type", 1, made)).find("no LoRA"), std::string::npos);
  const std::string good = make_adapter("good", 1);
  EXPECT_NE(error(good, std::string(64, '0')).find("sha256"), std::string::npos);
  EXPECT_EQ(error(good, sha256_file_hex(good).value()), "");
  const std::string cut = make_adapter("cut", 1);
  std::filesystem::resize_file(cut, std::filesystem::file_size(cut) - 4096);
  EXPECT_NE(error(cut).find("ends before its last tensor"), std::string::npos);
  EXPECT_NE(error(model_path()).find("no LoRA"), std::string::npos) << "a model is no adapter";
  EXPECT_NE(error(good + ".none"), "");
}

}  // namespace
}  // namespace steward::model
