#include "steward/runs/fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <unistd.h>

#include <filesystem>
#include <limits>

#include "steward/core/files.h"
#include "steward/runs/training_config.h"

namespace steward::runs {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Config {
  std::string model = "m.gguf";
  std::string layout = "packed";
  std::int64_t seed = 7;
  int rows = 8;
  double rate = 1e-4;
  bool skip_bad_rows = false;
  std::vector<std::string> data;
  std::vector<double> ratios;
};

void declare(Fields& fields, Config& config) {
  fields.text("model", config.model, "GGUF file to start from");
  fields.texts("data.files", config.data, "JSONL files").required();
  fields.numbers("data.ratios", config.ratios, {0, 1}, "share of each file");
  fields.boolean("data.skip_bad_rows", config.skip_bad_rows, "go on without bad rows");
  fields.choice("batch.layout", config.layout, {"padded", "packed"}, "rows of a batch");
  fields.integer("batch.rows", config.rows, {1, 4096}, "rows of a batch");
  fields.number("rate", config.rate, {0, 1}, "peak learning rate");
  fields.integer("seed", config.seed, {0, std::numeric_limits<double>::infinity()}, "of every random choice");
}

Result<void> read(Config& config, const std::string& text, const std::vector<std::string>& sets = {}) {
  Fields fields;
  declare(fields, config);
  const yaml::Node root = TRY(yaml::parse(text, "run.yaml"));
  TRY(fields.read(root));
  for (const std::string& assignment : sets) TRY(fields.set(assignment));
  return fields.check_required();
}

std::string error_of(const std::string& text, const std::vector<std::string>& sets = {}) {
  Config config;
  const auto done = read(config, text, sets);
  return done ? "" : done.error().message;
}

TEST(Fields, ReadTheFileThenTheOverrides) {
  Config config;
  const auto done = read(config, "rate: 2e-5\ndata:\n  files: [a.jsonl]\n  ratios: [0.9, 0.1]\nbatch: {layout: padded}\n",
                         {"batch.rows=16", "data.files=[b.jsonl, c.jsonl]", "data.skip_bad_rows=true", "model="});
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(config.rate, 2e-5);
  EXPECT_EQ(config.data, (std::vector<std::string>{"b.jsonl", "c.jsonl"}));
  EXPECT_EQ(config.ratios, (std::vector<double>{0.9, 0.1}));
  EXPECT_EQ(config.layout, "padded");
  EXPECT_EQ(config.rows, 16);
  EXPECT_TRUE(config.skip_bad_rows);
  EXPECT_EQ(config.model, "");
  EXPECT_EQ(config.seed, 7);
}

TEST(Fields, NameWhatIsWrongAndWhere) {
  EXPECT_EQ(error_of("data:\n  fils: [a]\n"), "run.yaml:2:3: unknown key 'fils' in 'data': did you mean 'files'?");
  EXPECT_THAT(error_of("learning_rate: 1\n"),
              HasSubstr("unknown key 'learning_rate' in the configuration; known: model, data, batch, rate, seed"));
  EXPECT_THAT(error_of("rate: fast\n"), StartsWith("run.yaml:1:7: write a number"));
  EXPECT_THAT(error_of("rate: 3\n"), HasSubstr("write a number from 0 to 1"));
  EXPECT_THAT(error_of("batch: {rows: 0}\n"), HasSubstr("write a whole number from 1 to 4096"));
  EXPECT_THAT(error_of("batch: {layout: long}\n"), HasSubstr("write one of padded, packed"));
  EXPECT_THAT(error_of("batch: 3\n"), HasSubstr("'batch' must be a mapping"));
  EXPECT_THAT(error_of("data: {ratios: [2]}\n"), HasSubstr("from 0 to 1"));
  EXPECT_THAT(error_of("rate: 0.1\n"), HasSubstr("lacks data.files"));
  EXPECT_THAT(error_of("seed: -1\n"), HasSubstr("at least 0"));
}

TEST(Fields, NameWhatIsWrongOnTheCommandLine) {
  EXPECT_THAT(error_of("rate: 0.1\n", {"batch.row=3"}),
              StartsWith("--set batch.row=3: unknown key 'batch.row' in the configuration: did you mean 'batch.rows'?"));
  EXPECT_THAT(error_of("rate: 0.1\n", {"rate"}), HasSubstr("write it as key=value"));
  EXPECT_THAT(error_of("rate: 0.1\n", {"rate=x"}), StartsWith("--set rate=x"));
}

TEST(Fields, PrintWhatTheyRead) {
  rc::check("read(print(c)) == c", [](double rate, std::int64_t seed, const std::vector<double>& ratios) {
    Config config;
    config.rate = std::abs(std::fmod(rate, 1));
    config.seed = std::abs(seed % 1000000);
    for (const double ratio : ratios) config.ratios.push_back(std::abs(std::fmod(ratio, 1)));
    config.model =
        *rc::gen::element<std::string>("a b", "null", "", "x: y", "-", "\"q\"\n", "12", "#", "data/a-b.gguf", "\xc3\xa4 \\", "\t", "~");
    config.data = {config.model, "b"};
    Fields fields;
    declare(fields, config);
    for (const std::string& text : {fields.print(), fields.document()}) {
      Config other;
      const auto done = read(other, text);
      if (!done) RC_FAIL(done.error().message + "\n" + text);
      RC_ASSERT(other.rate == config.rate);
      RC_ASSERT(other.seed == config.seed);
      RC_ASSERT(other.ratios == config.ratios);
      RC_ASSERT(other.model == config.model);
      RC_ASSERT(other.data == config.data);
    }
  });
}

TEST(Fields, DocumentEachKey) {
  Config config;
  Fields fields;
  declare(fields, config);
  EXPECT_THAT(fields.document(), HasSubstr("# peak learning rate (number from 0 to 1; default 0.0001)\nrate: 0.0001\n"));
  EXPECT_THAT(fields.document(), HasSubstr("data:\n  # JSONL files (list of texts; required)\n  files: []\n"));
}

TEST(Fields, TheEffectiveConfigurationIsReadWithoutWhatIsRequired) {
  const std::string path = ::testing::TempDir() + "/effective-" + std::to_string(::getpid()) + ".yaml";
  ASSERT_TRUE(write_file_atomic(path, "rate: 0.25\nseed: 3\n"));
  Config config;
  Fields fields;
  declare(fields, config);
  ASSERT_TRUE(read_config(fields, path, {"seed=9"}));
  EXPECT_THAT(fields.document(), HasSubstr("# peak learning rate (number from 0 to 1; default 0.0001)\nrate: 0.25\n"));
  EXPECT_THAT(fields.document(), HasSubstr("seed: 9\n"));
  EXPECT_FALSE(load_config(fields, path, {})) << "a run needs data.files";
  EXPECT_FALSE(read_config(fields, path, {"sed=9"}));
  std::filesystem::remove(path);
}

TEST(TrainingConfig, CountsStepsAndWarmUp) {
  RunConfig run;
  run.epochs = 2.5;
  run.accumulate = 4;
  EXPECT_EQ(steps_of(run, 100), 63);  // 250 batches
  run.steps_max = 10;
  EXPECT_EQ(steps_of(run, 100), 10);
  run.epochs = 0;
  EXPECT_EQ(steps_of(run, 100), 1);
  OptimizerConfig optimizer;
  EXPECT_EQ(schedule_of(optimizer, 63).warmup_steps, 2);
  EXPECT_EQ(schedule_of(optimizer, 10).warmup_steps, 1);
  optimizer.warmup_share = 0;
  EXPECT_EQ(schedule_of(optimizer, 10).warmup_steps, 0);
  ModelConfig model;
  Fields fields;
  declare(fields, model);
  declare(fields, optimizer);
  declare(fields, run);
  EXPECT_EQ(load_config(fields, "", {"model.base=m.gguf"}).error().message,
            "the configuration lacks run.folder: write them in the file or with --set key=value");
  EXPECT_TRUE(load_config(fields, "", {"model.base=m.gguf", "run.folder=out", "model.lora.rank=8"}));
  EXPECT_EQ(model.lora_rank, 8);
}

}  // namespace
}  // namespace steward::runs
