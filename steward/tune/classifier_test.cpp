// What the recipe `classifier` is made of, and the recipe itself on a small folder of data.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <filesystem>

#include <fmt/format.h>

#include "steward/classify/dense_trainer.h"
#include "steward/core/files.h"
#include "steward/core/packed_lines.h"
#include "steward/core/random.h"
#include "steward/runs/run_log.h"
#include "steward/tune/classifier_head.h"
#include "steward/tune/labelled_texts.h"
#include "steward/tune/testing/library.h"
#include "steward/tune/testing/program.h"

namespace steward::tune {
namespace {

using classify::kLabelCount;

constexpr auto kLabels = static_cast<std::int64_t>(kLabelCount);

classify::DenseWeights some_heads(std::size_t inputs, std::size_t hidden) {
  classify::DenseWeights out;
  Random random(std::uint64_t{3});
  const auto draw = [&](std::size_t count) {
    std::vector<float> values(count);
    for (float& value : values) value = static_cast<float>(random.uniform() - 0.5);
    return values;
  };
  out.inputs = inputs;
  out.hidden = hidden;
  out.w1 = draw(inputs * hidden);
  out.b1 = draw(hidden);
  out.w2 = draw(hidden * kLabelCount);
  for (std::size_t i = 0; i < kLabelCount; ++i) {
    out.b2[i] = static_cast<float>(i) / 10;
    out.trained[i] = i % 3 != 0;
  }
  return out;
}

TEST(ClassifierHead, SaysWhatTheServedHeadsSay) {
  const classify::DenseWeights weights = some_heads(8, 5);
  const ClassifierHead head(weights);
  const std::vector<float> embedding = {1, -1, 0.5F, 2, 0, -0.25F, 1, 3};
  const classify::LabelScores served = classify::score_dense(weights, embedding);
  const Tensor scores = head.scores(at::tensor(embedding).unsqueeze(0), 0);
  for (std::size_t i = 0; i < kLabelCount; ++i) {
    if (weights.trained[i]) EXPECT_NEAR(scores[0][static_cast<std::int64_t>(i)].item<float>(), served[i], 1e-5);
  }
  const classify::DenseWeights back = head.weights();
  EXPECT_EQ(back.w1, weights.w1);
  EXPECT_EQ(back.b1, weights.b1);
  EXPECT_EQ(back.w2, weights.w2);
  EXPECT_EQ(back.b2, weights.b2);
  EXPECT_EQ(back.trained, weights.trained);
}

struct LossCase {
  Tensor scores = at::randn({3, kLabels}, at::kDouble).requires_grad_();
  Tensor targets = at::full({3, kLabels}, NAN, at::kDouble);
  Tensor weights = at::tensor({0.5, 1.0, 2.0}, at::kDouble);
  Tensor trained = at::ones({kLabels}, at::kBool);
  LossCase() {
    targets[0][1] = 1;
    targets[0][2] = 0;
    targets[1][1] = 0.25;
    targets[2][4] = 0;
    targets[2][5] = 1;
    trained[4] = false;
  }
  Tensor loss() const { return masked_logistic_loss(scores, targets, weights, trained); }
};

TEST(MaskedLogisticLoss, UnknownAndUntrainedLabelsTeachNothing) {
  const LossCase one;
  one.loss().backward();
  const Tensor gradient = one.scores.grad();
  for (std::int64_t row = 0; row < 3; ++row)
    for (std::int64_t label = 0; label < kLabels; ++label) {
      const double wanted = one.targets[row][label].item<double>();
      const double score = one.scores[row][label].item<double>();
      const bool counts = !std::isnan(wanted) && label != 4;
      const double by_hand = counts ? (1 / (1 + std::exp(-score)) - wanted) * one.weights[row].item<double>() / 3 : 0;
      EXPECT_NEAR(gradient[row][label].item<double>(), by_hand, 1e-12);
    }
}

TEST(MaskedLogisticLoss, ItsGradientIsThatOfFiniteDifferences) {
  LossCase one;
  one.loss().backward();
  constexpr double kStep = 1e-5;
  for (const auto& [row, label] : {std::pair<std::int64_t, std::int64_t>{0, 1}, {1, 1}, {2, 5}, {2, 4}}) {
    const at::NoGradGuard by_hand;
    const auto moved = [&, r = row, l = label](double by) {
      one.scores[r][l] += by;
      const double loss = one.loss().item<double>();
      one.scores[r][l] -= by;
      return loss;
    };
    EXPECT_NEAR((moved(kStep) - moved(-kStep)) / (2 * kStep), one.scores.grad()[row][label].item<double>(), 1e-8);
  }
}

TEST(Interpolate, GoesFromOneToTheOther) {
  const std::map<std::string, Tensor> tuned = {{"a", at::full({2}, 3.0)}}, from = {{"a", at::full({2}, 1.0)}};
  interpolate(tuned, from, 1);
  EXPECT_EQ(tuned.at("a")[0].item<float>(), 3);
  interpolate(tuned, from, 0.25);
  EXPECT_EQ(tuned.at("a")[1].item<float>(), 1.5);
}

classify::DataSet data_set(const std::string& name, const std::string& group, int rows) {
  classify::DataSet out;
  out.info.name = name;
  out.info.group = group;
  for (int i = 0; i < rows; ++i) {
    classify::Example example;
    example.id = fmt::format("{}-{}", name, i);
    example.text = "Text " + example.id;
    example.split = i % 4 == 3 ? "dev" : "train";
    out.examples.push_back(example);
  }
  return out;
}

TEST(ChooseTexts, ASetCountsByTheSquareRootOfItsRowsHoweverManyAreTaken) {
  const std::vector<classify::DataSet> sets = {data_set("small", "a", 12), data_set("large", "b", 144), data_set("out", "c", 12)};
  const auto texts = choose_texts(sets, {.left_out = {"c"}, .rows_max = 20});
  ASSERT_EQ(texts.size(), 9U + 20U);
  double sum = 0, small = 0, large = 0;
  for (const LabelledText& text : texts) {
    EXPECT_EQ(text.view.find("out-"), std::string::npos);
    sum += text.weight;
    (text.view.find("small") != std::string::npos ? small : large) += text.weight;
  }
  EXPECT_NEAR(sum, 29, 1e-3);
  EXPECT_NEAR(large / small, std::sqrt(108.0 / 9.0), 1e-3);
  const auto again = choose_texts(sets, {.left_out = {"c"}, .rows_max = 20}),
             other = choose_texts(sets, {.left_out = {"c"}, .rows_max = 20, .seed = 2});
  const auto views = [](const std::vector<LabelledText>& some) {
    std::vector<std::string> out;
    for (const LabelledText& text : some) out.push_back(text.view);
    return out;
  };
  EXPECT_EQ(views(again), views(texts));
  EXPECT_NE(views(other), views(texts));
  EXPECT_EQ(choose_texts(sets, {.split = "dev", .left_out = {"a", "c"}}).size(), 36U);
}

std::string encoder_file() {
  const char* folder = std::getenv("STEWARD_MODELS_DIR");
  const char* home = std::getenv("HOME");
  return (folder ? std::string(folder) : std::string(home ? home : "") + "/.cache/steward/models") + "/minilm-l6.gguf";
}

TEST(WindowCutter, CutsAsTheEncoderDoes) {
  const auto file = model::WeightsFile::open(encoder_file()).value();
  const auto cutter = WindowCutter::create(file, 16, 12, 3).value();
  const auto one = cutter.cut("a short text");
  ASSERT_EQ(one.size(), 1U);
  EXPECT_EQ(one[0].size(), 5U);  // begin, three pieces, end
  EXPECT_EQ(cutter.cut("").front().size(), 2U);
  std::string text;
  for (int i = 0; i < 100; ++i) text += "word ";
  const auto many = cutter.cut(text);
  ASSERT_EQ(many.size(), 3U);
  for (const auto& window : many) {
    EXPECT_EQ(window.front(), one[0].front());
    EXPECT_EQ(window.back(), one[0].back());
    EXPECT_LE(window.size(), 16U);
  }
  EXPECT_FALSE(WindowCutter::create(file, 16, 15, 3));
}

/// Two sets of requests that differ by their verb, and one to be left out.
std::string data_folder() {
  const std::string folder = testing::scratch_folder() + "/classifier-data";
  std::filesystem::create_directories(folder);
  std::string list;
  int salt = 0;
  for (const std::string set : {"first", "second", "third"}) {
    std::vector<std::string> lines;
    for (int i = 0; i < 160; ++i)
      lines.push_back(fmt::format(
          R"({{"id": "{}-{}", "text": "{} the blue lamp number {}", "lang": "en", "split": "{}", "labels": {{"unsafe": {}}}}})", set, i,
          i % 2 == 0 ? "please steal" : "please paint", i * 7 + ++salt, i % 10 == 9 ? "dev" : "train", i % 2 == 0 ? 1 : 0));
    EXPECT_TRUE(write_packed_lines(folder + "/" + set + ".jsonl.zst", lines));
    list += fmt::format("- {{set: {}, licence: MIT, tier: A, task: unsafe, label: unsafe}}\n", set);
  }
  EXPECT_TRUE(write_file_atomic(folder + "/sets.yaml", list));
  return folder;
}

testing::Outcome run_recipe(const std::string& folder, const std::vector<std::string>& settings, bool resume, int kill_after) {
  std::vector<std::string> words = {"classifier"};
  std::vector<std::string> all = {"data.folder=" + data_folder(),
                                  "model.encoder=" + encoder_file(),
                                  "data.fold=2",
                                  "data.folds=3",
                                  "model.layers=2",
                                  "model.frozen=1",
                                  "model.pooled=[1, 2]",
                                  "run.threads=2",
                                  "run.checkpoint_every=2",
                                  "run.folder=" + folder,
                                  "optimizer.rate=1e-4"};
  all.insert(all.end(), settings.begin(), settings.end());
  for (const std::string& setting : all) words.insert(words.end(), {"--set", setting});
  if (resume) words.emplace_back("--resume");
  return testing::run_tune(words, folder + "/log.jsonl", kill_after);
}

TEST(ClassifierRecipe, AKilledRunGoesOnWithTheSameBytes) {
  const std::string whole = testing::scratch_folder() + "/whole-classifier", killed = testing::scratch_folder() + "/killed-classifier";
  const auto first = run_recipe(whole, {}, false, 0);
  ASSERT_EQ(first.exit_code, 0) << first.errors;
  EXPECT_TRUE(run_recipe(killed, {}, false, 3).killed) << "the run was over before it could be killed: this test shows nothing";
  const auto last = run_recipe(killed, {}, true, 0);
  ASSERT_EQ(last.exit_code, 0) << last.errors;
  for (const char* file : {"/trunk.gguf", "/heads.bin"}) {
    ASSERT_FALSE(read_file(whole + file).value_or("").empty()) << file;
    EXPECT_TRUE(read_file(whole + file).value() == read_file(killed + file).value()) << file;
  }
  const auto log = runs::read_log(whole + "/log.jsonl").value();
  EXPECT_EQ(log.size(), 9U);  // 2 · 144 texts in batches of 32
}

TEST(ClassifierRecipe, WhatCannotBeDoneIsAnErrorInWords) {
  const auto error = [](const std::string& setting) {
    const std::string folder = testing::scratch_folder() + "/no-classifier";
    std::filesystem::remove_all(folder);
    const auto outcome = run_recipe(folder, {setting}, false, 0);
    EXPECT_EQ(outcome.exit_code, 3) << outcome.errors;
    return outcome.errors;
  };
  EXPECT_NE(error("data.fold=7").find("data.fold"), std::string::npos);
  EXPECT_NE(error("model.layers=9").find("layers"), std::string::npos);
  EXPECT_NE(error("model.encoder=/nowhere.gguf").find("/nowhere.gguf"), std::string::npos);
  EXPECT_NE(error("data.folder=/nowhere").find("/nowhere"), std::string::npos);
}

}  // namespace
}  // namespace steward::tune
