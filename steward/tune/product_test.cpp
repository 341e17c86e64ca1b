// Runs for a product: what its ledger tells of them, and where their files come from.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include <fmt/format.h>

#include "steward/core/files.h"
#include "steward/core/hash.h"
#include "steward/ledger/keys.h"
#include "steward/ledger/spool.h"
#include "steward/ledger/sqlite/sqlite_ledger.h"
#include "steward/runs/lineage.h"
#include "steward/tune/testing/library.h"
#include "steward/tune/testing/program.h"

namespace steward::tune {
namespace {

using ::testing::HasSubstr;
using testing::run_tune;
using testing::small_chat_model;

class ForAProduct : public ::testing::Test {
 protected:
  ForAProduct() : folder_(testing::scratch_folder() + "/product-" + hex(random_key()).substr(0, 8)) {
    std::filesystem::create_directories(folder_);
    EXPECT_TRUE(write_file_atomic(folder_ + "/product.yaml", "models: [{id: a, file: not-made-yet.gguf}]\n"));
  }
  std::string file(const std::string& name, const std::string& text) const {
    EXPECT_TRUE(write_file_atomic(folder_ + "/" + name, text));
    return folder_ + "/" + name;
  }
  std::string chats(int count, const std::string& name = "chats.jsonl") const {
    std::string out;
    for (int i = 0; i < count; ++i)
      out += fmt::format(
          R"({{"messages": [{{"role": "user", "content": "How much is {} and {}?"}}, {{"role": "assistant", "content": "It is {}."}}]{}}})"
          "\n",
          i, i + 1, 2 * i + 1,
          i % 8 == 0   ? R"(, "split": "dev")"
          : i % 8 == 1 ? R"(, "consent": false)"
                       : "");
    return file(name, out);
  }
  std::string pairs(int count) const {
    std::string out;
    for (int i = 0; i < count; ++i)
      out += fmt::format(R"({{"prompt": "How much is {0} and {1}?", "chosen": "It is {2}.", "rejected": "No idea."}})"
                         "\n",
                         i, i + 1, 2 * i + 1);
    return file("pairs.jsonl", out);
  }
  testing::Outcome go(const std::string& recipe, const std::string& run, const std::vector<std::string>& settings,
                      const std::vector<std::string>& options = {}, int kill_after = 0) const {
    std::vector<std::string> words = {recipe, "--product", folder_};
    words.insert(words.end(), options.begin(), options.end());
    std::vector<std::string> all = {
        "run.folder=" + run_folder(run), "batch.rows=2",         "batch.row_tokens=96", "data.tokens_max=96", "run.steps_max=6",
        "run.checkpoint_every=2",        "run.validate_every=3", "run.threads=1",       "model.lora.rank=2",  "run.report_samples=0"};
    all.insert(all.end(), settings.begin(), settings.end());
    for (const std::string& setting : all) words.insert(words.end(), {"--set", setting});
    return run_tune(words, run_folder(run) + "/log.jsonl", kill_after);
  }
  std::string run_folder(const std::string& run) const { return folder_ + "/runs/" + run; }

  ledger::SqliteLedgerOptions ledger_options() const {
    ledger::SqliteLedgerOptions out;
    out.database_path = folder_ + "/data/ledger.db";
    out.keys_path = folder_ + "/keys/keys.db";
    out.master = ledger::load_master_key(folder_ + "/keys/master.key", ledger::CreateKey::kYes).value();
    return out;
  }
  std::vector<ledger::StoredEvent> events() const {
    return ledger::open_sqlite_ledger_read_only(ledger_options()).value()->read({}).value();
  }

  const std::string folder_;
};

TEST_F(ForAProduct, AModelLeadsToItsRunDataAndBaseAndToTheRunsBeforeIt) {
  const std::string rows = chats(32);
  const auto first =
      go("sft", "answers",
         {"model.base=" + small_chat_model(), "data.files=[" + rows + "]", "data.licenses=[CC-BY-4.0]", "export.merged=f16"});
  ASSERT_EQ(first.exit_code, 0) << first.errors;
  const std::string base = run_folder("answers") + "/model.gguf";
  const auto second = go("reward", "judged", {"model.base=" + base, "data.files=[" + pairs(12) + "]"});
  ASSERT_EQ(second.exit_code, 0) << second.errors;

  const auto ledger = ledger::open_sqlite_ledger_read_only(ledger_options()).value();
  EXPECT_TRUE(ledger->verify()->ok);
  ASSERT_EQ(ledger->read({})->size(), 4u);
  const auto lineage = runs::Lineage::read(*ledger).value();
  const std::string head = run_folder("judged") + "/head.gguf";
  const runs::Origin origin = lineage.trace(head, *sha256_file_hex(head));
  ASSERT_TRUE(origin.run);
  EXPECT_EQ(origin.run->recipe, "reward");
  ASSERT_EQ(origin.run->started.at("parents").as_array().size(), 1u);
  const runs::Origin* before = nullptr;
  for (const auto& input : origin.inputs)
    if (input.key == "model.base") before = input.origin.get();
  ASSERT_TRUE(before && before->run);
  EXPECT_EQ(before->run->recipe, "sft");
  EXPECT_EQ(before->run->id, origin.run->started.at("parents").at(0).as_string());

  const json::Object& facts = before->run->started.at("files").at(0).as_object();
  EXPECT_EQ(facts.at("rows").to_number<int>(), 32);
  EXPECT_EQ(facts.at("train").to_number<int>(), 24);
  EXPECT_EQ(facts.at("validation").to_number<int>(), 4);
  EXPECT_EQ(facts.at("no_consent").to_number<int>(), 4);
  EXPECT_EQ(facts.at("license").as_string(), "CC-BY-4.0");
  EXPECT_TRUE(before->run->ended.at("best").at("validation").is_double());
  const std::string text = runs::to_text(origin);
  EXPECT_THAT(text, HasSubstr("4 without consent; licence CC-BY-4.0"));
  EXPECT_THAT(text, HasSubstr(*sha256_file_hex(small_chat_model())));
  EXPECT_THAT(*read_file(run_folder("answers") + "/card.md"), HasSubstr("Run " + before->run->id));
  EXPECT_THAT(*read_file(run_folder("answers") + "/card.md"), HasSubstr("CC-BY-4.0"));
}

TEST_F(ForAProduct, AKilledRunGoesOnAsTheSameRunAlsoBesideAServer) {
  const std::vector<std::string> settings = {"model.base=" + small_chat_model(), "data.files=[" + chats(32) + "]"};
  const auto server = ledger::open_sqlite_ledger(ledger_options()).value();
  const auto cut = go("sft", "run", settings, {}, 4);
  ASSERT_TRUE(cut.killed) << "the run was over before it could be killed: this test shows nothing";
  const auto on = go("sft", "run", settings, {"--resume"});
  ASSERT_EQ(on.exit_code, 0) << on.errors;
  const auto taken = ledger::Spool::beside(ledger_options().database_path).take_up(*server);
  ASSERT_TRUE(taken) << taken.error().message;
  const auto events = server->read({}).value();
  ASSERT_EQ(events.size(), 3u);
  for (const auto& stored : events) EXPECT_EQ(stored.event.meta.at("run"), events[0].event.meta.at("run"));
  EXPECT_EQ(events[0].event.meta.at("from_step").as_int64(), 0);
  EXPECT_GT(events[1].event.meta.at("from_step").as_int64(), 0);
  EXPECT_EQ(events[2].event.kind, runs::kEndedKind);
  EXPECT_EQ(events[2].event.meta.at("step").as_int64(), 6);
}

TEST_F(ForAProduct, AFailureIsAnEventAndARunThatCannotBeginIsNone) {
  const std::string rows = chats(16);
  const auto failed = go("sft", "failed", {"model.base=" + testing::overflowing_chat_model(), "data.files=[" + rows + "]"});
  EXPECT_EQ(failed.exit_code, 3);
  EXPECT_EQ(go("sft", "none", {"model.base=/nowhere.gguf", "data.files=[" + rows + "]"}).exit_code, 3);
  ASSERT_EQ(events().size(), 2u);
  EXPECT_EQ(events()[1].event.kind, runs::kFailedKind);
  EXPECT_THAT(std::string(events()[1].event.meta.at("error").as_string()), HasSubstr("no finite number"));
}

TEST_F(ForAProduct, WhatIsNoProductIsSaidBeforeAnythingIsTrained) {
  const std::vector<std::string> settings = {"model.base=" + small_chat_model(), "data.files=[" + chats(16) + "]"};
  ASSERT_TRUE(write_file_atomic(folder_ + "/product.yaml", "ledger: {database: none}\n"));
  EXPECT_THAT(go("sft", "run", settings).errors, HasSubstr("keeps no ledger"));
  std::filesystem::remove(folder_ + "/product.yaml");
  EXPECT_THAT(go("sft", "run", settings).errors, HasSubstr("steward init"));
  EXPECT_FALSE(std::filesystem::exists(run_folder("run")));
}

}  // namespace
}  // namespace steward::tune
