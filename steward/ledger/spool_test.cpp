#include "steward/ledger/spool.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "steward/core/files.h"
#include "steward/core/ids.h"
#include "steward/ledger/memory/memory_ledger.h"
#include "steward/ledger/sqlite/sqlite_ledger.h"

namespace steward::ledger {
namespace {

namespace fs = std::filesystem;

Event training_event(const std::string& kind) {
  static SystemClock clock;
  Event event;
  event.id = make_uuid7(clock);
  event.time_us = clock.now_us();
  event.kind = kind;
  event.meta = {{"run", "r"}};
  return event;
}

class SpoolTest : public ::testing::Test {
 protected:
  SpoolTest() : folder_((fs::path(::testing::TempDir()) / ("spool-" + hex(random_key()).substr(0, 12))).string()) {
    fs::create_directories(folder_);
    options_.database_path = folder_ + "/ledger.db";
    options_.keys_path = folder_ + "/keys/keys.db";
    options_.master.fill(7);
  }
  ~SpoolTest() override { fs::remove_all(folder_); }
  std::size_t waiting() const {
    std::error_code none;
    std::size_t out = 0;
    for (const auto& entry : fs::directory_iterator(options_.database_path + ".spool", none))
      out += entry.path().extension() == ".json" ? 1 : 0;
    return out;
  }

  std::string folder_;
  SqliteLedgerOptions options_;
};

TEST_F(SpoolTest, WithoutAnotherWriterEventsAreInTheLedgerAtOnce) {
  EXPECT_EQ(append_beside_writer(options_, {training_event("training_started")}).value(), Kept::kInLedger);
  EXPECT_EQ(waiting(), 0u);
  const auto ledger = open_sqlite_ledger_read_only(options_).value();
  ASSERT_EQ(ledger->read({})->size(), 1u);
  EXPECT_TRUE(ledger->verify()->ok);
}

TEST_F(SpoolTest, WhileAServerWritesTheyWaitAndTheServerTakesThemUpInOrder) {
  const auto server = open_sqlite_ledger(options_).value();
  const Event first = training_event("training_started"), second = training_event("training_ended");
  EXPECT_EQ(append_beside_writer(options_, {first}).value(), Kept::kInSpool);
  EXPECT_EQ(append_beside_writer(options_, {second}).value(), Kept::kInSpool);
  EXPECT_EQ(waiting(), 2u);
  EXPECT_TRUE(server->read({})->empty());

  const auto taken = Spool::beside(options_.database_path).take_up(*server);
  ASSERT_TRUE(taken) << taken.error().message;
  EXPECT_EQ(taken->events, 2u);
  EXPECT_TRUE(taken->refused.empty());
  EXPECT_EQ(waiting(), 0u);
  const auto events = server->read({}).value();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].event.id, first.id);
  EXPECT_EQ(events[1].event.kind, "training_ended");
  EXPECT_EQ(events[1].event.meta.at("run").as_string(), "r");
  EXPECT_TRUE(server->verify()->ok);
}

TEST_F(SpoolTest, WhatAKilledWriterHadTakenUpIsNotTakenUpTwice) {
  const auto ledger = make_memory_ledger();
  const Spool spool = Spool::beside(options_.database_path);
  const Event event = training_event("training_started");
  ASSERT_TRUE(ledger->append_sync({event}));
  ASSERT_TRUE(spool.put({event}));  // the file that it had no time to remove
  EXPECT_EQ(spool.take_up(*ledger)->events, 0u);
  EXPECT_EQ(ledger->read({})->size(), 1u);
  EXPECT_EQ(waiting(), 0u);
}

TEST_F(SpoolTest, OnlyEventsOfTrainingRunsPass) {
  const auto ledger = make_memory_ledger();
  const Spool spool = Spool::beside(options_.database_path);
  EXPECT_FALSE(spool.put({training_event("erased")}));
  Event of_a_turn = training_event("training_started");
  of_a_turn.turn = "t";
  EXPECT_FALSE(spool.put({of_a_turn}));

  const Event good = training_event("training_started");
  ASSERT_TRUE(spool.put({good}));
  const std::string place = options_.database_path + ".spool/";
  for (const auto& [name, text] :
       {std::pair{"0-erased.json", R"([{"id": "x", "time_us": 1, "kind": "erased", "schema": 1, "meta": {"keys": []}}])"},
        std::pair{"0-half.json", R"([{"id": "x", )"}, std::pair{"0-number.json", "[3]"}})
    ASSERT_TRUE(write_file_atomic(place + name, text));
  const auto taken = spool.take_up(*ledger);
  ASSERT_TRUE(taken) << taken.error().message;
  EXPECT_EQ(taken->events, 1u);
  EXPECT_EQ(taken->refused.size(), 3u);
  EXPECT_TRUE(fs::exists(place + "0-erased.json.bad"));
  ASSERT_EQ(ledger->read({})->size(), 1u);
  EXPECT_EQ(ledger->read({})->front().event.id, good.id);
  EXPECT_TRUE(spool.take_up(*ledger)->refused.empty()) << "said once";
}

}  // namespace
}  // namespace steward::ledger
