#include "steward/runs/lineage.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include <fmt/format.h>

#include "steward/core/files.h"
#include "steward/core/hash.h"
#include "steward/ledger/spool.h"
#include "steward/ledger/sqlite/sqlite_ledger.h"
#include "steward/runs/run_record.h"

namespace steward::runs {
namespace {

namespace fs = std::filesystem;

class LineageTest : public ::testing::Test {
 protected:
  LineageTest() : folder_((fs::path(::testing::TempDir()) / ("lineage-" + hex(random_key()).substr(0, 12))).string()) {
    fs::create_directories(folder_);
    ledger_.database_path = folder_ + "/data/ledger.db";
    ledger_.keys_path = folder_ + "/keys/keys.db";
    ledger_.master.fill(7);
  }
  ~LineageTest() override { fs::remove_all(folder_); }

  std::string file(const std::string& name, const std::string& bytes) const {
    const std::string path = folder_ + "/" + name;
    fs::create_directories(fs::path(path).parent_path());
    EXPECT_TRUE(write_file_atomic(path, bytes));
    return path;
  }
  RunRecord record(const std::string& recipe) const { return RunRecord(recipe, ledger_, {folder_ + "/models"}); }
  RunBeginning beginning(const std::string& run, const std::string& config) const {
    fs::create_directories(folder_ + "/" + run);
    RunBeginning out;
    out.folder = folder_ + "/" + run;
    out.config = config;
    out.origin = {{"recipe", "x"}, {"base", std::string(64, 'b')}, {"data", std::string(64, 'd')}};
    out.steps = 10;
    return out;
  }
  Lineage lineage() const { return Lineage::read(*ledger::open_sqlite_ledger_read_only(ledger_).value()).value(); }
  Origin trace(const std::string& path) const {
    lineages_.push_back(std::make_unique<Lineage>(lineage()));
    return lineages_.back()->trace(path, *sha256_file_hex(path));
  }

  std::string folder_;
  ledger::SqliteLedgerOptions ledger_;
  mutable std::vector<std::unique_ptr<Lineage>> lineages_;
};

const Origin& input_of(const Origin& origin, const std::string& key) {
  for (const auto& input : origin.inputs)
    if (input.key == key) return *input.origin;
  ADD_FAILURE() << "no input " << key;
  return origin;
}

TEST_F(LineageTest, AFileLeadsToItsRunAndThatRunsInputsToTheirs) {
  file("models/base.gguf", "base");
  const std::string rows = file("rows.jsonl", "{}\n");
  RunRecord first = record("reward");
  ASSERT_TRUE(first.began(beginning("one", fmt::format("model:\n  base: base.gguf\ndata:\n  files: [{}]\n", rows))));
  const std::string head = file("one/head.gguf", "head");
  file("one/log.jsonl", "no result");
  file("one/checkpoints/step-1/trainer.safetensors", "no result");
  first.note(10, 7, 0.25);
  ASSERT_TRUE(first.ended({}));

  RunRecord second = record("ppo");
  ASSERT_TRUE(second.began(beginning("two", fmt::format("reward:\n  head: {}\n  name: {}\n", head, "a.b/no.file"))));
  const std::string adapter = file("two/adapter.gguf", "adapter");
  ASSERT_TRUE(second.ended({}));

  const Origin origin = trace(adapter);
  ASSERT_TRUE(origin.run);
  EXPECT_EQ(origin.run->id, second.id());
  EXPECT_EQ(origin.run->recipe, "ppo");
  EXPECT_EQ(origin.run->started.at("parents"), json::Value(json::Array{first.id()}));
  ASSERT_EQ(origin.inputs.size(), 1u) << "a text that names no file is no input";
  const Origin& parent = input_of(origin, "reward.head");
  ASSERT_TRUE(parent.run);
  EXPECT_EQ(parent.run->id, first.id());
  EXPECT_EQ(parent.run->ended.at("best").at("validation").as_double(), 0.25);
  ASSERT_EQ(parent.run->ended.at("outputs").as_array().size(), 1u) << "head.gguf alone";
  EXPECT_EQ(input_of(parent, "data.files").sha256, *sha256_file_hex(rows));
  EXPECT_EQ(input_of(parent, "model.base").sha256, std::string(64, 'b')) << "the base's digest is not made anew";
  EXPECT_FALSE(input_of(parent, "model.base").run);

  const std::string text = to_text(origin);
  EXPECT_NE(text.find(first.id()), std::string::npos) << text;
  EXPECT_NE(text.find("best validation 0.25 at step 7"), std::string::npos) << text;
  const json::Object object = to_json(origin);
  EXPECT_EQ(object.at("run").at("inputs").at(0).at("run").at("id").as_string(), first.id());
}

TEST_F(LineageTest, ARunThatGoesOnKeepsItsIdAndAFailureIsToldInWords) {
  RunRecord begun = record("sft");
  ASSERT_TRUE(begun.began(beginning("run", "run:\n  seed: 1\n")));
  begun.note(3, {}, 0);
  ASSERT_TRUE(begun.ended(fail(ErrorCode::kInvalidInput, "the loss is no finite number")));
  RunBeginning on = beginning("run", "run:\n  seed: 1\n");
  on.step = 3;
  RunRecord resumed = record("sft");
  ASSERT_TRUE(resumed.began(on));
  EXPECT_EQ(resumed.id(), begun.id());
  const auto ledger = ledger::open_sqlite_ledger_read_only(ledger_).value();
  const auto events = ledger->read({}).value();
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[1].event.kind, kFailedKind);
  EXPECT_EQ(events[1].event.meta.at("error").as_string(), "the loss is no finite number");
  EXPECT_EQ(events[1].event.meta.at("step").as_int64(), 3);
  EXPECT_EQ(events[2].event.meta.at("from_step").as_int64(), 3);
  EXPECT_TRUE(ledger->verify()->ok);
}

TEST_F(LineageTest, ARunThatNeverBeganIsNoEvent) {
  RunRecord never = record("sft");
  ASSERT_TRUE(never.ended(fail(ErrorCode::kNotFound, "no rows")));
  EXPECT_FALSE(fs::exists(ledger_.database_path));
}

TEST_F(LineageTest, AServerThatWritesTakesTheEventsUp) {
  const auto server = ledger::open_sqlite_ledger(ledger_).value();
  RunRecord run = record("sft");
  ASSERT_TRUE(run.began(beginning("run", "run:\n  seed: 1\n")));
  const std::string adapter = file("run/adapter.gguf", "adapter");
  ASSERT_TRUE(run.ended({}));
  EXPECT_FALSE(trace(adapter).run) << "not in the chain yet";
  EXPECT_EQ(ledger::Spool::beside(ledger_.database_path).take_up(*server)->events, 2u);
  ASSERT_TRUE(trace(adapter).run);
  EXPECT_EQ(trace(adapter).run->id, run.id());
}

TEST_F(LineageTest, AFileThatNobodyMadeHasNoRunButItsUsersAreKnown) {
  const std::string rows = file("rows.jsonl", "{}\n");
  RunRecord run = record("sft");
  ASSERT_TRUE(run.began(beginning("run", "data:\n  files: [" + rows + "]\n")));
  EXPECT_FALSE(trace(rows).run);
  EXPECT_EQ(lineage().users(*sha256_file_hex(rows)), std::vector{run.id()});
}

TEST_F(LineageTest, ARunThatReadsWhatItWroteEndsTheTrace) {
  const std::string rows = file("run/rows.jsonl", "{}\n");
  for (int i = 0; i < 2; ++i) {
    RunRecord run = record("rejection");
    ASSERT_TRUE(run.began(beginning("run", "data:\n  files: [" + rows + "]\n")));
    ASSERT_TRUE(run.ended({}));
  }
  const Origin origin = trace(rows);
  ASSERT_TRUE(origin.run);
  EXPECT_TRUE(origin.run->started.at("parents").as_array().empty());
  EXPECT_FALSE(input_of(origin, "data.files").run);
}

}  // namespace
}  // namespace steward::runs
