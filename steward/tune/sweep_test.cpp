// A whole search by the program itself.
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include <fmt/format.h>

#include "steward/core/files.h"
#include "steward/runs/sweep.h"
#include "steward/tune/testing/library.h"
#include "steward/tune/testing/program.h"

namespace steward::tune {
namespace {

std::vector<std::string> words_of(const std::string& folder, bool resume = false) {
  const std::string data = testing::scratch_folder() + "/sweep-rows.jsonl";
  std::string rows;
  for (int i = 0; i < 20; ++i)
    rows +=
        fmt::format(
            R"({{"messages": [{{"role": "user", "content": "Add {} to it."}}, {{"role": "assistant", "content": "Done."}}], "split": "{}"}})",
            i, i % 5 == 0 ? "dev" : "train") +
        "\n";
  EXPECT_TRUE(write_file_atomic(data, rows));
  std::vector<std::string> words = {"sweep",       "sft",
                                    "--folder",    folder,
                                    "--rungs",     "2",
                                    "--survivors", "0.5",
                                    "--grid",      "optimizer.rate=[0.01,1e-7]",
                                    "--grid",      "model.lora.alpha=[8,0]"};
  for (const std::string& setting :
       {"model.base=" + testing::small_chat_model(), "data.files=[" + data + "]", std::string("batch.rows=4"),
        std::string("batch.layout=padded"), std::string("run.epochs=2"), std::string("run.threads=1"), std::string("run.report_samples=0")})
    words.insert(words.end(), {"--set", setting});
  if (resume) words.emplace_back("--resume");
  return words;
}

std::vector<runs::Trial> results(const std::string& folder) {
  std::vector<runs::Trial> out;
  std::istringstream lines(read_file(folder + "/results.jsonl").value_or(""));
  for (std::string line; std::getline(lines, line);) {
    auto trial = runs::read_trial(line);
    EXPECT_TRUE(trial);
    if (trial) out.push_back(std::move(*trial));
  }
  return out;
}

TEST(Sweep, FindsTheBetterRateAndEndsThePoorOneEarly) {
  const std::string folder = testing::scratch_folder() + "/sweep";
  const auto outcome = testing::run_tune(words_of(folder));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
  const auto found = results(folder);
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(found[0].settings, (runs::Settings{"optimizer.rate=0.01", "model.lora.alpha=8"}));
  EXPECT_EQ(found[0].share, 1);
  EXPECT_EQ(found[1].share, 0.5);
  EXPECT_LT(*found[0].score, *found[1].score);
  for (const std::size_t failed : {2, 3})
    EXPECT_NE(found[failed].failure.find("model.lora.alpha"), std::string::npos) << found[failed].failure;
  const std::string best = read_file(folder + "/best.yaml").value_or("");
  EXPECT_NE(best.find("0.01"), std::string::npos) << best;
  EXPECT_NE(best.find(folder + "/best\n"), std::string::npos) << "the best settings name a folder that is free";
  EXPECT_TRUE(std::filesystem::exists(folder + "/report.html"));
  EXPECT_TRUE(std::filesystem::exists(folder + "/runs/0/adapter.gguf"));
  EXPECT_NE(testing::run_tune(words_of(folder)).errors.find("--resume"), std::string::npos);

  const std::string cut = testing::scratch_folder() + "/cut-sweep";
  ASSERT_TRUE(testing::run_tune(words_of(cut), cut + "/journal.jsonl", 1).killed);
  const auto resumed = testing::run_tune(words_of(cut, true));
  ASSERT_EQ(resumed.exit_code, 0) << resumed.errors;
  EXPECT_EQ(read_file(folder + "/results.jsonl").value_or("a"), read_file(cut + "/results.jsonl").value_or("b"));
}

}  // namespace
}  // namespace steward::tune
