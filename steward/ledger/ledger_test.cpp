#include "steward/ledger/ledger.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include <fmt/format.h>

#include "steward/core/ids.h"
#include "steward/ledger/keys.h"
#include "steward/ledger/memory/memory_ledger.h"
#include "steward/ledger/row.h"
#include "steward/ledger/sqlite/database.h"
#include "steward/ledger/sqlite/sqlite_ledger.h"

namespace steward::ledger {
namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() : path_(fs::path(::testing::TempDir()) / ("ledger-" + std::to_string(::getpid()) + "-" + hex(random_key()).substr(0, 8))) {
    fs::create_directories(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

SqliteLedgerOptions options_in(const Folder& folder) {
  SqliteLedgerOptions options{folder.file("ledger.db"), folder.file("keys/keys.db"), {}, {}};
  options.master.fill(7);
  return options;
}

Event make_event(const std::string& kind, const std::string& turn, std::optional<std::string> text = {}) {
  static SystemClock clock;
  Event event;
  event.id = make_uuid7(clock);
  event.time_us = clock.now_us();
  event.kind = kind;
  event.turn = turn;
  event.subject = "subject-a";
  event.conversation = "conversation-a";
  event.meta = {{"b", 1}, {"a", "x"}};
  event.text = std::move(text);
  return event;
}

/// One contract, every implementation.
class Contract : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam() == "memory") {
      ledger_ = make_memory_ledger();
    } else {
      auto opened = open_sqlite_ledger(options_in(folder_));
      ASSERT_TRUE(opened) << opened.error().message;
      ledger_ = std::move(*opened);
    }
  }
  Folder folder_;
  std::unique_ptr<Ledger> ledger_;
};

TEST_P(Contract, AnEmptyLedgerVerifies) {
  const auto report = ledger_->verify();
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->ok);
  EXPECT_EQ(report->events, 0);
}

TEST_P(Contract, GivesBackWhatWasAppendedInOrder) {
  ASSERT_TRUE(ledger_->append_sync({make_event("turn_opened", "t1"), make_event("model_output", "t1", "grüß dich")}));
  ASSERT_TRUE(ledger_->append_sync({make_event("turn_closed", "t1")}));
  const auto events = ledger_->read({});
  ASSERT_TRUE(events);
  ASSERT_EQ(events->size(), 3u);
  EXPECT_EQ((*events)[0].sequence, 1);
  EXPECT_EQ((*events)[1].event.text, "grüß dich");
  EXPECT_EQ((*events)[1].event.meta.at("a").as_string(), "x");
  EXPECT_FALSE((*events)[2].event.text.has_value());
  EXPECT_TRUE(ledger_->verify()->ok);
}

TEST_P(Contract, ReadsByFilterNewestFirstAndInPages) {
  for (int i = 0; i < 5; ++i)
    ASSERT_TRUE(ledger_->append_sync({make_event("turn_opened", fmt::format("t{}", i)), make_event("turn_closed", fmt::format("t{}", i))}));
  Query query;
  query.kind = "turn_closed";
  query.newest_first = true;
  query.limit = 2;
  const auto events = ledger_->read(query);
  ASSERT_EQ(events->size(), 2u);
  EXPECT_EQ((*events)[0].event.turn, "t4");
  Query one;
  one.turn = "t2";
  EXPECT_EQ(ledger_->read(one)->size(), 2u);
  Query page;
  page.after_sequence = 8;
  EXPECT_EQ(ledger_->read(page)->size(), 2u);
}

TEST_P(Contract, ManyWritersOneChain) {
  std::atomic<int> durable = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        auto text = fmt::format("text {} {}", t, i);
        if (ledger_->append_sync({make_event("decision", fmt::format("t{}-{}", t, i), std::move(text))})) ++durable;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(durable, 200);
  const auto report = ledger_->verify();
  EXPECT_TRUE(report->ok) << report->problem;
  EXPECT_EQ(report->events, 200);
}

INSTANTIATE_TEST_SUITE_P(All, Contract, ::testing::Values("memory", "sqlite"));

TEST(SqliteLedger, GoesOnWhereItEnded) {
  Folder folder;
  for (int round = 0; round < 3; ++round) {
    auto ledger = open_sqlite_ledger(options_in(folder));
    ASSERT_TRUE(ledger) << ledger.error().message;
    ASSERT_TRUE((*ledger)->append_sync({make_event("sign_off", "", "text")}));
  }
  auto ledger = open_sqlite_ledger_read_only(options_in(folder));
  ASSERT_TRUE(ledger) << ledger.error().message;
  EXPECT_EQ((*ledger)->verify()->events, 3);
  EXPECT_EQ((*ledger)->read({})->at(2).event.text, "text");
  EXPECT_FALSE((*ledger)->append_sync({make_event("sign_off", "")}));
}

TEST(SqliteLedger, TellsWhichEventWasChanged) {
  Folder folder;
  {
    auto ledger = open_sqlite_ledger(options_in(folder));
    for (int i = 0; i < 5; ++i) ASSERT_TRUE((*ledger)->append_sync({make_event("decision", "t", "x")}));
  }
  const auto verify_after = [&](const std::string& sql) {
    {
      auto database = Database::open(folder.file("ledger.db"), Database::Mode::kReadWrite);
      EXPECT_TRUE(database->execute(sql));
    }
    auto ledger = open_sqlite_ledger_read_only(options_in(folder));
    return *(*ledger)->verify();
  };
  EXPECT_EQ(verify_after("UPDATE event SET kind = 'other' WHERE sequence = 3").first_bad_sequence, 3);
  EXPECT_EQ(verify_after("UPDATE event SET kind = 'decision' WHERE sequence = 3").first_bad_sequence, 0);
  EXPECT_EQ(verify_after("UPDATE event SET sealed = x'00' WHERE sequence = 2").first_bad_sequence, 2);
  EXPECT_EQ(verify_after("DELETE FROM event WHERE sequence = 2").first_bad_sequence, 2);
}

TEST(SqliteLedger, HoldsNoPlainTextAndNoPlainKey) {
  Folder folder;
  {
    auto ledger = open_sqlite_ledger(options_in(folder));
    ASSERT_TRUE((*ledger)->append_sync({make_event("model_output", "t", "a-very-recognisable-sentence")}));
  }
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(folder.file("")))) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(in), {});
    EXPECT_EQ(bytes.find("a-very-recognisable"), std::string::npos) << entry.path();
  }
}

TEST(SqliteLedger, OneWriterAtATime) {
  Folder folder;
  auto first = open_sqlite_ledger(options_in(folder));
  ASSERT_TRUE(first);
  auto second = open_sqlite_ledger(options_in(folder));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
}

TEST(SqliteLedger, RefusesANewerSchema) {
  Folder folder;
  {
    auto ledger = open_sqlite_ledger(options_in(folder));
  }
  {
    auto database = Database::open(folder.file("ledger.db"), Database::Mode::kReadWrite);
    ASSERT_TRUE(database->execute("PRAGMA user_version = 99"));
  }
  auto ledger = open_sqlite_ledger(options_in(folder));
  ASSERT_FALSE(ledger);
  EXPECT_NE(ledger.error().message.find("newer steward"), std::string::npos);
}

TEST(Keys, ADestroyedKeyErasesTheTextAndTheChainStillVerifies) {
  Key master;
  master.fill(3);
  KeyRing ring(master, make_memory_key_store());
  const std::string id = ring.key_id("s", "c");
  const Key key = *ring.obtain(id);
  ASSERT_TRUE(ring.commit_new());
  EXPECT_EQ(**ring.find(id), key);
  EXPECT_TRUE(*ring.destroy(id));
  EXPECT_FALSE(ring.find(id)->has_value());
  EXPECT_NE(ring.key_id("s", "c"), ring.key_id("sc", ""));
}

TEST(Keys, MasterKeyIsMadeOnceAndChecked) {
  Folder folder;
  const std::string path = folder.file("keys/master.key");
  EXPECT_FALSE(load_master_key(path, CreateKey::kNo));
  const auto made = load_master_key(path, CreateKey::kYes);
  ASSERT_TRUE(made);
  EXPECT_EQ(*load_master_key(path, CreateKey::kYes), *made);
  EXPECT_EQ(fs::status(path).permissions() & fs::perms::all, fs::perms::owner_read | fs::perms::owner_write);
  std::ofstream(path) << "short";
  EXPECT_FALSE(load_master_key(path, CreateKey::kYes));
}

TEST(Row, ASealedTextOpensOnlyInItsPlace) {
  Key key;
  key.fill(1);
  const std::string sealed = seal(key, "event-1", "text");
  EXPECT_EQ(*unseal(key, "event-1", sealed), "text");
  EXPECT_FALSE(unseal(key, "event-2", sealed));
  EXPECT_FALSE(unseal(key, "event-1", sealed.substr(0, 10)));
}

TEST(Row, NoTwoRowsHashAlike) {
  Row a, b;
  a.turn = "ab";
  b.turn = "a";
  b.subject = "b";
  EXPECT_NE(chain_hash("", a), chain_hash("", b));
}

}  // namespace
}  // namespace steward::ledger
