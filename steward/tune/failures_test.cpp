// What goes wrong on the way: each is an error in words, and the last checkpoint stands.
#include <gtest/gtest.h>

#include <filesystem>
#include <limits>

#include <fmt/format.h>

#include "steward/core/files.h"
#include "steward/tune/checkpoint.h"
#include "steward/tune/gguf_writer.h"
#include "steward/tune/llama_files.h"
#include "steward/tune/testing/library.h"
#include "steward/tune/testing/processes.h"
#include "steward/tune/testing/tiny.h"

namespace steward::tune {
namespace {

namespace fs = std::filesystem;
using testing::run_tune;

/// An sft run on few short rows.
struct SmallRun {
  std::string folder;
  std::vector<std::string> settings;

  std::vector<std::string> words(bool resume = false) const {
    const std::string data = testing::scratch_folder() + "/failures.jsonl";
    std::string rows;
    for (int i = 0; i < 24; ++i)
      rows += fmt::format(
                  R"({{"messages": [{{"role": "user", "content": "Add {} to it."}}, {{"role": "assistant", "content": "Done."}}]}})", i) +
              "\n";
    EXPECT_TRUE(write_file_atomic(data, rows));
    std::vector<std::string> all = {"run.folder=" + folder,
                                    "model.base=" + testing::small_chat_model(),
                                    "data.files=[" + data + "]",
                                    "batch.rows=2",
                                    "batch.layout=padded",
                                    "run.checkpoint_every=2",
                                    "run.threads=1",
                                    "run.report_samples=0"};
    all.insert(all.end(), settings.begin(), settings.end());
    std::vector<std::string> out = {"sft"};
    for (const std::string& setting : all) out.insert(out.end(), {"--set", setting});
    if (resume) out.emplace_back("--resume");
    return out;
  }
  std::string file(std::int64_t step) const { return fmt::format("{}/checkpoints/step-{}/trainer.safetensors", folder, step); }
};

SmallRun make_run(const std::string& name, std::vector<std::string> settings = {}) {
  return {testing::scratch_folder() + "/" + name + "/failures", std::move(settings)};
}

TEST(Failures, AFullDiskLeavesTheLastCheckpoint) {
  const SmallRun whole = make_run("whole"), full = make_run("full");
  ASSERT_EQ(run_tune(whole.words()).exit_code, 0);
  ASSERT_TRUE(run_tune(full.words(), full.folder + "/log.jsonl", 4).killed);
  ASSERT_TRUE(fs::exists(full.file(2)));
  const auto cut = testing::run_on_small_disk(full.words(true), fs::file_size(full.file(2)) / 2);
  EXPECT_EQ(cut.exit_code, 3) << cut.errors;
  EXPECT_NE(cut.errors.find("File too large"), std::string::npos) << cut.errors;
  EXPECT_TRUE(read_checkpoint(fs::path(full.file(2)).parent_path()) || read_checkpoint(fs::path(full.file(4)).parent_path()));
  const auto last = run_tune(full.words(true));
  ASSERT_EQ(last.exit_code, 0) << last.errors;
  EXPECT_TRUE(read_file(whole.folder + "/adapter.gguf").value_or("w") == read_file(full.folder + "/adapter.gguf").value_or("f"));
}

TEST(Failures, TooLittleMemoryIsAnErrorInWords) {
  const SmallRun run = make_run("memory", {"model.base=" + testing::model_path()});
  const auto outcome = testing::run_in_small_memory(run.words(), 128 << 20);
  EXPECT_EQ(outcome.exit_code, 3) << outcome.errors;
  EXPECT_NE(outcome.errors.find("out of memory"), std::string::npos) << outcome.errors;
}

TEST(Failures, NumbersThatAreNoneNeverBecomeACheckpoint) {
  const SmallRun run = make_run("none");
  ASSERT_TRUE(run_tune(run.words(), run.folder + "/log.jsonl", 5).killed);
  const std::int64_t step = fs::exists(run.file(4)) ? 4 : 2;
  const std::string folder = fs::path(run.file(step)).parent_path();
  auto checkpoint = read_checkpoint(folder);
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  checkpoint->parameters.begin()->second.fill_(std::numeric_limits<float>::quiet_NaN());
  ASSERT_TRUE(write_checkpoint(folder, *checkpoint));
  const auto outcome = run_tune(run.words(true));
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_NE(outcome.errors.find("no finite number"), std::string::npos) << outcome.errors;
  EXPECT_NE(outcome.errors.find("last checkpoint stands"), std::string::npos) << outcome.errors;
  EXPECT_FALSE(fs::exists(run.file(step + 2)));
}

TEST(Failures, NoDataAndNoSuchTemplateAndAnotherTokenizer) {
  const auto error = [](std::vector<std::string> settings) {
    const auto outcome = run_tune(make_run("errors", std::move(settings)).words());
    EXPECT_EQ(outcome.exit_code, 3) << outcome.errors;
    return outcome.errors;
  };
  const std::string empty = testing::scratch_folder() + "/empty.jsonl";
  ASSERT_TRUE(write_file_atomic(empty, ""));
  const std::string nothing = error({"data.files=[" + empty + "]"});
  EXPECT_NE(nothing.find("nothing to train on"), std::string::npos) << nothing;

  auto writer = GgufWriter::like(testing::small_chat_model());
  auto tensors = GgufTensors::open(testing::small_chat_model());
  ASSERT_TRUE(writer && tensors);
  writer->set("tokenizer.chat_template",
              std::string("{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}"));
  for (const std::string& name : tensors->names()) writer->add(name, *tensors->read(name), NumberFormat::kF16);
  const std::string endless = testing::scratch_folder() + "/endless.gguf";
  ASSERT_TRUE(writer->write(endless));
  const std::string never = error({"model.base=" + endless});
  EXPECT_NE(never.find("would never stop"), std::string::npos) << never;

  const std::string other = testing::write_model(testing::random_weights(testing::tiny_shape()), "narrow");
  const std::string tokens = error({"model.base=" + other, "model.tokenizer=" + testing::small_chat_model()});
  EXPECT_NE(tokens.find("another model's"), std::string::npos) << tokens;
}

}  // namespace
}  // namespace steward::tune
