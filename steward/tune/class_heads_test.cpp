// Heads over a language model, and the recipe that trains them.
#include "steward/tune/class_heads.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include <fmt/format.h>

#include "steward/core/files.h"
#include "steward/core/hash.h"
#include "steward/runs/run_log.h"
#include "steward/tune/testing/library.h"
#include "steward/tune/testing/program.h"

namespace steward::tune {
namespace {

TEST(ClassHeads, UnknownLabelsAreNaN) {
  std::vector<data::ClassSample> samples(2);
  samples[0].targets = {1, -1};
  samples[1].targets = {0.25, 0};
  const Tensor targets = class_targets({{1}, {0}}, samples);
  EXPECT_EQ(targets[0][0].item<double>(), 0.25);
  EXPECT_EQ(targets[1][0].item<double>(), 1);
  EXPECT_TRUE(std::isnan(targets[1][1].item<double>()));
}

TEST(ClassHeads, FiguresCountKnownRowsAlone) {
  const double nan = std::nan("");
  const Tensor scores = at::tensor({3., 0., 2., 5., -1., 1., -2., 0.}).view({4, 2});
  const Tensor targets = at::tensor({1., nan, 0., nan, 1., nan, 0., nan}).view({4, 2});
  const auto figures = class_figures({"a", "b"}, scores, targets);
  ASSERT_EQ(figures.size(), 1u) << "b is known of no row";
  EXPECT_EQ(figures[0].rows, 4u);
  EXPECT_EQ(figures[0].positives, 2u);
  EXPECT_DOUBLE_EQ(figures[0].auprc, 0.5 * 1 + 0.5 * 2 / 3);  // positives at ranks 1 and 3
  EXPECT_DOUBLE_EQ(figures[0].accuracy, 0.5);
}

TEST(ClassHeads, AreReadBackWithTheirLabels) {
  ClassHeads heads = make_class_heads({"spam, or worse", "b"}, 3);
  heads.weight = at::tensor({1., 2., 3., 4., 5., 6.}, at::kFloat).view({2, 3});
  const std::string path = testing::scratch_folder() + "/class-heads.gguf";
  ASSERT_TRUE(export_class_heads(path, heads, "", {}));
  const auto back = load_class_heads(path, 3);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->labels, heads.labels);
  EXPECT_TRUE(back->weight.equal(heads.weight));
  EXPECT_FALSE(load_class_heads(path, 4));
  EXPECT_FALSE(load_class_heads(testing::small_chat_model(), 3));
}

/// "sums" is known of all texts, "greets" of two in three.
std::string rows(int count) {
  std::string out;
  for (int i = 0; i < count; ++i) {
    const bool sum = i % 2 == 0;
    const std::string text = sum ? fmt::format("{} and {} make {}", i, i + 1, 2 * i + 1) : fmt::format("Hello friend number {}", i);
    const std::string greets = i % 3 == 0 ? "" : fmt::format(R"(, "greets": {})", sum ? 0 : 1);
    out += fmt::format(R"({{"text": "{}", "labels": {{"sums": {}{}}}{}}})", text, sum ? 1 : 0, greets,
                       i % 8 < 2 ? R"(, "split": "dev")" : "") +
           "\n";
  }
  return out;
}

struct Training {
  std::string folder;
  std::vector<std::string> words;
  testing::Outcome go(bool resume, int kill_after = 0) const {
    std::vector<std::string> arguments = words;
    if (resume) arguments.emplace_back("--resume");
    return testing::run_tune(arguments, folder + "/log.jsonl", kill_after);
  }
};

Training make_run(const std::string& name, const std::vector<std::string>& settings = {}) {
  // The last part of a folder's name goes into the adapter.
  Training run{testing::scratch_folder() + "/" + name + "/llm-classifier", {"llm-classifier"}};
  const std::string data = testing::scratch_folder() + "/class-rows.jsonl";
  EXPECT_TRUE(write_file_atomic(data, rows(64)));
  std::vector<std::string> all = {"run.folder=" + run.folder,
                                  "model.base=" + testing::small_chat_model(),
                                  "data.files=[" + data + "]",
                                  "run.epochs=3",
                                  "batch.rows=4",
                                  "data.tokens_max=48",
                                  "run.checkpoint_every=3",
                                  "run.validate_every=6",
                                  "run.threads=2",
                                  "optimizer.rate=0.01",
                                  "model.lora.rank=4"};
  all.insert(all.end(), settings.begin(), settings.end());
  for (const std::string& setting : all) run.words.insert(run.words.end(), {"--set", setting});
  return run;
}

double last_value(const Training& run, const std::string& name) {
  const auto log = runs::read_log(run.folder + "/log.jsonl");
  EXPECT_TRUE(log);
  for (const auto& [key, value] : log->back().values)
    if (key == name) return value;
  ADD_FAILURE() << "no " << name;
  return NAN;
}

TEST(LlmClassifier, LearnsEachLabelAndSaysHowWell) {
  const Training run = make_run("learns");
  const auto outcome = run.go(false);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
  EXPECT_GT(last_value(run, "validation/auprc"), 0.95);
  EXPECT_GT(last_value(run, "validation/accuracy"), 0.9);
  const auto heads = load_class_heads(run.folder + "/heads.gguf", 64);
  ASSERT_TRUE(heads) << heads.error().message;
  EXPECT_EQ(heads->labels, (std::vector<std::string>{"greets", "sums"}));
  EXPECT_TRUE(std::filesystem::exists(run.folder + "/adapter.gguf"));
  EXPECT_NE(read_file(run.folder + "/report.html")->find("held out: sums"), std::string::npos);
  EXPECT_NE(read_file(run.folder + "/card.md")->find("AUPRC, greets"), std::string::npos);
}

TEST(LlmClassifier, AKilledRunGoesOnWithTheSameBytes) {
  const Training whole = make_run("whole"), killed = make_run("killed");
  const auto outcome = whole.go(false);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
  int kills = 0;
  bool begun = false;
  for (const int lines : {1, 5, 9}) {
    kills += killed.go(begun, lines).killed ? 1 : 0;
    begun = true;
  }
  EXPECT_GE(kills, 2) << "the runs were over before they could be killed: this test shows nothing";
  const auto last = killed.go(true);
  ASSERT_EQ(last.exit_code, 0) << last.errors;
  for (const char* file : {"adapter.gguf", "heads.gguf", "best/trainer.safetensors"})
    EXPECT_EQ(*sha256_file_hex(whole.folder + "/" + file), *sha256_file_hex(killed.folder + "/" + file)) << file;
}

TEST(LlmClassifier, HeadsAloneAndChosenLabels) {
  const Training run = make_run("heads", {"model.train=head", "data.labels=[sums]", "run.epochs=1"});
  const auto outcome = run.go(false);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
  EXPECT_EQ(load_class_heads(run.folder + "/heads.gguf", 64)->labels, std::vector<std::string>{"sums"});
  EXPECT_FALSE(std::filesystem::exists(run.folder + "/adapter.gguf"));
  const auto none = make_run("none", {"data.labels=[nobody]"}).go(false);
  EXPECT_EQ(none.exit_code, 3);
  EXPECT_NE(none.errors.find("none of its labels"), std::string::npos) << none.errors;
}

}  // namespace
}  // namespace steward::tune
