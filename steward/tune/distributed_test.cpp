// Training in two processes: real ones, started as mpirun and torchrun start them.
#include "steward/tune/distributed.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

#include "steward/core/files.h"
#include "steward/tune/adamw.h"
#include "steward/tune/checkpoint.h"
#include "steward/tune/session.h"
#include "steward/tune/testing/library.h"
#include "steward/tune/testing/processes.h"
#include "steward/tune/testing/program.h"
#include "steward/tune/testing/recipe.h"
#include "steward/tune/testing/tiny.h"

namespace steward::tune {
namespace {

using testing::run_processes;
using testing::Started;

TEST(Launch, IsReadFromTheEnvironment) {
  const auto launch = [](std::initializer_list<std::pair<const char*, const char*>> variables) {
    for (const auto& [name, value] : variables) ::setenv(name, value, 1);
    auto out = launch_of_environment();
    for (const auto& [name, value] : variables) ::unsetenv(name);
    return out;
  };
  EXPECT_EQ(launch({})->size, 1);
  EXPECT_EQ(launch({{"OMPI_COMM_WORLD_RANK", "1"}, {"OMPI_COMM_WORLD_SIZE", "2"}})->rank, 1);
  const auto torchrun = launch({{"RANK", "3"}, {"WORLD_SIZE", "4"}, {"MASTER_ADDR", "host"}, {"MASTER_PORT", "29500"}});
  EXPECT_EQ(torchrun->by, "torchrun");
  EXPECT_EQ(torchrun->port, 29500);
  EXPECT_EQ(launch({{"SLURM_STEP_ID", "0"}, {"SLURM_PROCID", "2"}, {"SLURM_NTASKS", "8"}})->size, 8);
  EXPECT_EQ(launch({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "8"}})->size, 1) << "the script of a job is no process of a run";
  EXPECT_FALSE(launch({{"RANK", "2"}, {"WORLD_SIZE", "2"}}));
  EXPECT_FALSE(launch({{"RANK", "one"}, {"WORLD_SIZE", "2"}}));
}

TEST(World, PartsOfABatchAreTheBatch) {
  const data::BatchPlan whole = {{0, 1}, {2}, {3}};
  std::vector<World> worlds;
  for (int rank = 0; rank < 4; ++rank) worlds.emplace_back(Launch{"test", rank, 4, "", 0}, nullptr);
  EXPECT_EQ(worlds[0].part(whole).plan, (data::BatchPlan{{0, 1}}));
  EXPECT_EQ(worlds[0].part(whole).weight, 0.5);
  EXPECT_EQ(worlds[2].part(whole).weight, 0.25);
  EXPECT_TRUE(worlds[3].part(whole).plan.empty());
  const Tensor numbers = at::arange(10, at::kFloat).view({2, 5});
  std::vector<Tensor> own;
  for (const World& world : worlds) own.push_back(world.own(numbers));
  EXPECT_TRUE(at::equal(at::cat(own), numbers.view(-1)));
}

std::vector<std::string> words_of(const std::string& recipe, const std::string& folder, const std::string& rows,
                                  const std::vector<std::string>& settings) {
  const std::string data = testing::scratch_folder() + "/two-" + recipe + "-rows.jsonl";
  EXPECT_TRUE(write_file_atomic(data, rows));
  std::vector<std::string> words = {recipe};
  std::vector<std::string> all = {"run.folder=" + folder,
                                  "model.base=" + testing::small_chat_model(),
                                  "data.files=[" + data + "]",
                                  "model.precision=f32",
                                  "batch.rows=3",
                                  "batch.row_tokens=64",
                                  "data.tokens_max=64",
                                  "run.epochs=1",
                                  "run.accumulate=2",
                                  "run.checkpoint_every=2",
                                  "run.validate_every=3",
                                  "run.threads=1",
                                  "run.report_samples=0",
                                  "optimizer.rate=0.001",
                                  "optimizer.epsilon=1e-4",
                                  "optimizer.warmup_share=0",
                                  "model.lora.rank=4"};
  all.insert(all.end(), settings.begin(), settings.end());
  for (const std::string& setting : all) words.insert(words.end(), {"--set", setting});
  return words;
}

void expect_as_one(const std::string& recipe, const std::string& rows, Started by, const std::vector<std::string>& settings = {}) {
  const auto run = [&](const std::string& name) {
    const std::string folder = testing::scratch_folder() + "/" + name + "/" + recipe;
    return testing::Recipe{recipe, folder, words_of(recipe, folder, rows, settings)};
  };
  testing::expect_two_processes_as_one(run("one"), run("two"), by);
}

std::string chat_rows(int count) {
  std::string out;
  for (int i = 0; i < count; ++i)
    out +=
        fmt::format(
            R"({{"messages": [{{"role": "user", "content": "Add {} to {}."}}, {{"role": "assistant", "content": "{}"}}], "split": "{}"}})",
            i, i + 1, std::string(static_cast<std::size_t>(1 + i % 5), 'y'), i % 7 == 0 ? "dev" : "train") +
        "\n";
  return out;
}

/// Some answers have a label of safety, in some batches on one side alone.
std::string pair_rows(int count) {
  std::string out;
  for (int i = 0; i < count; ++i)
    out += fmt::format(R"({{"prompt": "Add {} to {}.", "chosen": "It is {}.", "rejected": "No idea."{}, "split": "{}"}})", i, i + 1,
                       2 * i + 1, i % 4 == 0 ? R"(, "chosen_safe": true, "rejected_safe": false)" : "", i % 7 == 0 ? "dev" : "train") +
           "\n";
  return out;
}

TEST(TwoProcesses, AreAsOneInSft) { expect_as_one("sft", chat_rows(30), testing::started_by_default()); }
TEST(TwoProcesses, AreAsOneInReward) {
  expect_as_one("reward", pair_rows(20), testing::started_by_default(), {"loss.safety_weight=0.5", "loss.margins=large"});
}
TEST(TwoProcesses, AreAsOneInDpo) { expect_as_one("dpo", pair_rows(20), Started::kByTorchrun); }

TEST(TwoProcesses, AKilledRunGoesOnWithTheSameBytesAndInOneProcessToo) {
  const auto by = testing::started_by_default();
  const auto folder = [](const std::string& name) { return testing::scratch_folder() + "/" + name + "/two"; };
  const auto words = [&](const std::string& name) { return words_of("sft", folder(name), chat_rows(40), {}); };
  const auto resumed = [&](const std::string& name) {
    auto out = words(name);
    out.emplace_back("--resume");
    return out;
  };
  const auto whole = run_processes(by, 2, words("whole"));
  ASSERT_EQ(whole.exit_code, 0) << whole.errors;
  const auto killed = run_processes(by, 2, words("killed"), folder("killed") + "/log.jsonl", 3);
  ASSERT_TRUE(killed.killed) << "it was over before one of its processes could be killed";
  EXPECT_NE(killed.exit_code, 0);
  ASSERT_TRUE(std::filesystem::exists(folder("killed") + "/checkpoints/step-2")) << killed.errors;
  const std::string aside = testing::scratch_folder() + "/aside";
  std::filesystem::copy(folder("killed"), aside, std::filesystem::copy_options::recursive | std::filesystem::copy_options::copy_symlinks);
  const auto last = run_processes(by, 2, resumed("killed"));
  ASSERT_EQ(last.exit_code, 0) << last.errors;
  for (const char* file : {"/adapter.gguf", "/best/trainer.safetensors"})
    EXPECT_TRUE(read_file(folder("whole") + file).value_or("w") == read_file(folder("killed") + file).value_or("k")) << file;

  std::filesystem::remove_all(folder("killed"));
  std::filesystem::rename(aside, folder("killed"));
  const auto alone = testing::run_tune(resumed("killed"));
  ASSERT_EQ(alone.exit_code, 0) << alone.errors;
  const auto numbers = testing::learned_numbers(folder("whole")), others = testing::learned_numbers(folder("killed"));
  ASSERT_EQ(numbers.size(), others.size());
  for (const auto& [name, tensor] : numbers) EXPECT_LT((tensor - others.at(name)).abs().max().item<double>(), 1e-5) << name;
}

TEST(TwoProcesses, ALostOneEndsTheOtherWithAnErrorInWords) {
  const std::string folder = testing::scratch_folder() + "/lost/two";
  const auto outcome = run_processes(Started::kByTorchrun, 2, words_of("sft", folder, chat_rows(40), {}), folder + "/log.jsonl", 3);
  ASSERT_TRUE(outcome.killed);
  EXPECT_EQ(outcome.exit_code, 3) << outcome.errors;
  EXPECT_NE(outcome.errors.find("process 1 of the run is lost"), std::string::npos) << outcome.errors;
  EXPECT_TRUE(read_checkpoint(folder + "/checkpoints/step-2"));
  const auto few = run_processes(Started::kByTorchrun, 2, words_of("sft", folder + "-few", chat_rows(9), {"batch.rows=1"}));
  EXPECT_EQ(few.exit_code, 3);
  EXPECT_NE(few.errors.find("a row each"), std::string::npos) << few.errors;
}

TEST(TwoProcesses, ARecipeForOneIsAnErrorInWords) {
  ::setenv("RANK", "0", 1);
  ::setenv("WORLD_SIZE", "2", 1);
  Tensor number = at::zeros({1}).requires_grad_();
  AdamW optimizer({{"number", number}}, {});
  auto batches = data::BatchStream::create({1}, {}, {});
  const auto session = Session::open({.run = {}, .config = "", .origin = {}, .steps = 1}, optimizer, *batches);
  ::unsetenv("RANK");
  ::unsetenv("WORLD_SIZE");
  ASSERT_FALSE(session);
  EXPECT_NE(session.error().message.find("one process"), std::string::npos);
}

}  // namespace
}  // namespace steward::tune
