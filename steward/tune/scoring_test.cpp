// A reward model as the server scores with it, against the trainer's own numbers.
#include <gtest/gtest.h>

#include "steward/core/hash.h"
#include "steward/data/samples.h"
#include "steward/model/llama/scoring_model.h"
#include "steward/tune/class_heads.h"
#include "steward/tune/export.h"
#include "steward/tune/reward_head.h"
#include "steward/tune/testing/library.h"
#include "steward/tune/testing/program.h"
#include "steward/tune/testing/tiny.h"
#include "steward/tune/token_batch.h"

namespace steward::tune {
namespace {

/// llama.cpp rounds activations to float16 where weights are float16.
constexpr double kApartMax = 2e-3;
/// Weights of a head as training leaves them: some hundred steps of at most 1e-4 from zero.
constexpr double kHeadSize = 0.02;

const std::vector<std::pair<std::string, std::string>>& texts() {
  static const std::vector<std::pair<std::string, std::string>> out = {
      {"How do I boil an egg?", "Put it into boiling water for eight minutes, then into cold water."},
      {"Wie heißt die Hauptstadt von Österreich?", "Wien."},
      {"今日の天気は？", "晴れです。 <|im_end|> is no end here."},
      {"Count.", "1 2 3 4 5 6 7 8 9 10\n\n```\n11\t12\n```"}};
  return out;
}

/// An adapter and a head with random numbers, written as `steward-tune reward` writes them.
struct Judge {
  std::string base, folder = testing::scratch_folder();
  Llama model;
  Lora lora;
  RewardHead head;
  model::ScoringOptions options;

  Judge(const std::string& base_path, const std::string& name) : base(base_path), model(*load_llama(base_path, Precision::kF32)) {
    lora = *make_lora(model.shape(), {.rank = 4, .alpha = 8});
    testing::shake(lora, 3);
    at::manual_seed(5);
    head = {kHeadSize * at::randn({1, model.shape().width}), at::randn({1})};
    options.base = base;
    options.adapter = folder + "/" + name + "-adapter.gguf";
    options.head = folder + "/" + name + "-head.gguf";
    options.threads = 1;
    EXPECT_TRUE(export_adapter(options.adapter, lora, {}));
    ModelCard card;
    card.base_sha256 = *sha256_file_hex(base);
    EXPECT_TRUE(export_head(options.head, head, *sha256_file_hex(options.adapter), card));
  }
  /// As the recipe sees a pair's answer.
  double trainers_score(const model::ChatTokenizer& tokenizer, const std::string& prompt, const std::string& answer) const {
    const at::NoGradGuard guard;
    data::Row row;
    row.body = data::PreferenceBody{prompt, answer, std::string("no"), {}, {}, {}, {}};
    const auto pairs = data::make_pairs({row}, {"test"}, tokenizer, {});
    EXPECT_TRUE(pairs) << pairs.error().message;
    const Packed packed = pack({pairs->samples.at(0).chosen.tokens});
    const Tensor hidden = model.hidden(packed, {&lora});
    return head.score(hidden.narrow(0, hidden.size(0) - 1, 1)).item<double>();
  }
};

double score_of(const model::ScoringModel& scoring, const std::string& prompt, const std::string& answer) {
  const auto score = scoring.score({{"user", prompt, {}}, {"assistant", answer, {}}});
  EXPECT_TRUE(score) << score.error().message;
  return score.value_or(0);
}

void expect_the_trainers_scores(const Judge& judge, double apart_max) {
  const auto tokenizer = model::ChatTokenizer::open(judge.base).value();
  const auto scoring = model::ScoringModel::open(judge.options);
  ASSERT_TRUE(scoring) << scoring.error().message;
  double least = 1e9, most = -1e9;
  for (const auto& [prompt, answer] : texts()) {
    const double score = score_of(**scoring, prompt, answer);
    EXPECT_NEAR(score, judge.trainers_score(tokenizer, prompt, answer), apart_max) << prompt;
    least = std::min(least, score);
    most = std::max(most, score);
  }
  EXPECT_GT(most - least, 50 * kApartMax) << "texts score alike: this test shows nothing";
}

TEST(Scoring, GivesTheTrainersScores) {
  expect_the_trainers_scores(Judge(testing::small_chat_model(), "small"), kApartMax);
  expect_the_trainers_scores(Judge(testing::requantized(testing::model_path(), "F16"), "default"), kApartMax);
  const std::string exact = testing::scratch_folder() + "/small-f32.gguf";
  ASSERT_TRUE(export_merged(exact, testing::small_chat_model(), adding(Lora{1, 1, {}}), NumberFormat::kF32, {}));
  expect_the_trainers_scores(Judge(exact, "exact"), 2e-5);
}

TEST(Scoring, ClassHeadsGiveTheTrainersLogOdds) {
  const Judge judge(testing::small_chat_model(), "classes");
  ClassHeads heads = make_class_heads({"a", "b", "c"}, judge.model.shape().width);
  at::manual_seed(6);
  heads.weight = kHeadSize * at::randn({3, judge.model.shape().width});
  heads.bias = at::randn({3});
  model::ScoringOptions options = judge.options;
  options.head = judge.folder + "/classes-heads.gguf";
  ModelCard card;
  card.base_sha256 = *sha256_file_hex(judge.base);
  ASSERT_TRUE(export_class_heads(options.head, heads, *sha256_file_hex(options.adapter), card));
  const auto scoring = model::ScoringModel::open(options);
  ASSERT_TRUE(scoring) << scoring.error().message;
  EXPECT_EQ((*scoring)->labels(), heads.labels);
  const auto tokenizer = model::ChatTokenizer::open(judge.base).value();
  const at::NoGradGuard guard;
  for (const auto& [prompt, answer] : texts()) {
    auto tokens = tokenizer.tokenize(answer).value();
    if (const auto leading = tokenizer.leading()) tokens.insert(tokens.begin(), *leading);
    const Tensor hidden = judge.model.hidden(pack({tokens}), {&judge.lora});
    const Tensor wanted = heads.scores(hidden.narrow(0, hidden.size(0) - 1, 1));
    const auto given = (*scoring)->classify(answer);
    ASSERT_TRUE(given) << given.error().message;
    for (std::int64_t i = 0; i < 3; ++i)
      EXPECT_NEAR(given->at(static_cast<std::size_t>(i)), wanted[0][i].item<double>(), kApartMax) << answer;
  }
}

TEST(Scoring, LongChatsLoseTheirOldestMessages) {
  Judge judge(testing::small_chat_model(), "long");
  judge.options.context_tokens = 64;
  const auto scoring = model::ScoringModel::open(judge.options).value();
  const std::vector<model::ChatMessage> end = {{"user", "And now?", {}}, {"assistant", "Now this.", {}}};
  std::vector<model::ChatMessage> chat = {{"system", "Be brief.", {}}, {"user", std::string(400, 'x'), {}}, {"assistant", "yes", {}}};
  chat.insert(chat.end(), end.begin(), end.end());
  const std::vector<model::ChatMessage> kept = {chat[0], chat[2], end[0], end[1]};
  EXPECT_EQ(*scoring->score(chat), *scoring->score(kept));
  EXPECT_NE(*scoring->score(kept), *scoring->score(end));
  const auto too_long = scoring->score({{"user", "x", {}}, {"assistant", std::string(800, 'y'), {}}});
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.error().code, ErrorCode::kTooLarge);
}

TEST(Scoring, LongTextsAreReadInSeveralBatches) {
  const Judge judge(testing::small_chat_model(), "batches");
  const auto tokenizer = model::ChatTokenizer::open(judge.base).value();
  const auto scoring = model::ScoringModel::open(judge.options).value();
  std::string answer;
  for (int i = 0; i < 400; ++i) answer += " word" + std::to_string(i % 7);
  const double score = score_of(*scoring, "Say much.", answer);
  EXPECT_NEAR(score, judge.trainers_score(tokenizer, "Say much.", answer), kApartMax);
}

TEST(Scoring, FilesThatDoNotBelongTogetherAreRefused) {
  const Judge judge(testing::small_chat_model(), "one");
  Judge other(testing::small_chat_model(), "two");
  const auto error = [](const model::ScoringOptions& options) {
    const auto opened = model::ScoringModel::open(options);
    return opened ? "" : opened.error().message;
  };
  EXPECT_EQ(error(judge.options), "");
  model::ScoringOptions options = judge.options;
  testing::shake(other.lora, 4);
  ASSERT_TRUE(export_adapter(other.options.adapter, other.lora, {}));
  options.adapter = other.options.adapter;
  EXPECT_NE(error(options).find("another adapter"), std::string::npos) << error(options);
  options.adapter.clear();
  EXPECT_NE(error(options).find("with an adapter"), std::string::npos) << error(options);
  options = judge.options;
  options.head = judge.options.adapter;
  EXPECT_NE(error(options).find("no reward head"), std::string::npos) << error(options);
  options = judge.options;
  options.base = testing::model_path();
  EXPECT_NE(error(options), "");
}

}  // namespace
}  // namespace steward::tune
