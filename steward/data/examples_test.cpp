// The rows and the configurations of the shipped examples: every row fits, ends its answer, and stands on one side.
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include <fmt/format.h>

#include "steward/core/check.h"
#include "steward/data/data_config.h"
#include "steward/runs/training_config.h"

namespace steward::data {
namespace {

struct Example {
  const char* name;
  std::size_t train, dev, test, tokens_at_most;
};

class Examples : public ::testing::TestWithParam<Example> {};

TEST_P(Examples, FitTheirConfigurationAndKeepTheirSidesApart) {
  const Example& example = GetParam();
  const std::string root = STEWARD_SOURCE_DIR;
  DataConfig config;
  runs::ModelConfig model;
  runs::OptimizerConfig optimizer;
  runs::RunConfig run;
  runs::Fields fields;
  declare(fields, model);
  declare(fields, config);
  declare(fields, optimizer);
  declare(fields, run);
  const std::string rows_path = fmt::format("{}/examples/tuning/data/{}.jsonl.zst", root, example.name);
  const auto loaded = runs::load_config(fields, fmt::format("{}/recipes/sft_{}.yaml", root, example.name), {});
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(config.files, (std::vector<std::string>{fmt::format("examples/tuning/data/{}.jsonl.zst", example.name)}));
  config.files = {rows_path};
  const char* folder = std::getenv("STEWARD_MODELS_DIR");
  const auto tokenizer = model::ChatTokenizer::open(
      (folder ? std::string(folder) : std::string(std::getenv("HOME")) + "/.cache/steward/models") + "/SmolLM2-135M-Instruct.Q8_0.gguf");
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  const auto data = load_samples(config, *tokenizer);
  ASSERT_TRUE(data) << data.error().message;
  EXPECT_EQ(data->train.size(), example.train);  // none is dropped
  EXPECT_EQ(data->validation.size(), example.dev);
  std::size_t tokens = 0;
  for (const Sample& sample : data->train) tokens += sample.tokens.size();
  EXPECT_LT(tokens, example.tokens_at_most);
  const auto rows = read_rows({rows_path}, read_options(config, RowKind::kChat));
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->test.size(), example.test);
  std::set<std::string> learned;
  for (const Row& row : rows->train) learned.insert(prompt_text(row));
  for (const Row& row : rows->test) {
    EXPECT_FALSE(learned.contains(prompt_text(row))) << row.line;
    EXPECT_FALSE(right_answers(row).empty()) << row.line;
  }
}

INSTANTIATE_TEST_SUITE_P(All, Examples,
                         ::testing::Values(Example{"summaries", 600, 60, 200, 190'000}, Example{"answers", 580, 60, 221, 170'000},
                                           Example{"sentiment", 890, 100, 400, 90'000}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(ExampleRows, OfSentimentServeAClassifierToo) {
  const auto rows = read_rows({std::string(STEWARD_SOURCE_DIR) + "/examples/tuning/data/sentiment.jsonl.zst"}, {RowKind::kClass});
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(label_names(rows->train), (std::vector<std::string>{"negative", "positive"}));
}

}  // namespace
}  // namespace steward::data
