#include "steward/ledger/ledger.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include <fmt/format.h>

#include "steward/core/files.h"
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

Event text_of(const std::string& subject, const std::string& conversation, std::int64_t day, const std::string& text) {
  Event event = make_event("model_output", "t", text);
  event.subject = subject;
  event.conversation = conversation;
  event.time_us = day * 86'400'000'000 + 5;
  return event;
}

Event decision_on(std::string_view kind, const std::string& subject, const std::string& conversation) {
  Event event = make_event(std::string(kind), "");
  event.subject = subject;
  event.conversation = conversation;
  return event;
}

std::vector<std::string> readable(const Ledger& ledger) {
  std::vector<std::string> out;
  Query query;
  query.limit = 1000;
  const auto events = ledger.read(query).value();
  for (const StoredEvent& stored : events)
    if (stored.event.text) out.push_back(*stored.event.text);
  return out;
}

using Strings = std::vector<std::string>;

TEST_P(Contract, ErasesTheTextsOfASubjectOrOfAConversation) {
  ASSERT_TRUE(ledger_->append_sync(
      {text_of("ann", "c1", 1, "one"), text_of("ann", "c2", 2, "two"), text_of("bob", "c3", 2, "three"), text_of("bob", "c4", 2, "four")}));
  const auto report = ledger_->erase({.subject = "ann", .reason = "asked for it", .id = "e1", .time_us = 7});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->keys, 2u);
  EXPECT_EQ(report->events, 2u);
  EXPECT_EQ(readable(*ledger_), (Strings{"three", "four"}));
  ASSERT_TRUE(ledger_->erase({.conversation = "c4", .reason = "asked for it", .id = "e2"}));
  EXPECT_EQ(readable(*ledger_), Strings{"three"});
  Query erased;
  erased.conversation = "c1";
  EXPECT_TRUE(ledger_->read(erased)->at(0).erased);
  ASSERT_TRUE(ledger_->append_sync({text_of("ann", "c1", 1, "said afterwards")}));
  EXPECT_EQ(readable(*ledger_), (Strings{"three", "said afterwards"})) << "under a key of its own";
  const auto verified = ledger_->verify();
  EXPECT_TRUE(verified->ok) << verified->problem;
  EXPECT_FALSE(ledger_->erase({.reason = "nobody named", .id = "e3"}));
}

TEST_P(Contract, RetentionErasesDaysThatAreOver) {
  const std::int64_t day = 86'400'000'000;
  ASSERT_TRUE(ledger_->append_sync({text_of("ann", "c1", 1, "day 1"), text_of("ann", "c1", 2, "day 2"), text_of("ann", "c1", 3, "day 3")}));
  const auto report = ledger_->erase({.before_us = 3 * day + day / 2, .reason = "text_days", .id = "e1"});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->keys, 2u);
  EXPECT_EQ(readable(*ledger_), Strings{"day 3"}) << "a day goes as a whole, when all of it is old enough";
  EXPECT_EQ(ledger_->erase({.before_us = 3 * day, .reason = "text_days", .id = "e2"})->keys, 0u) << "nothing is left to do";
}

TEST_P(Contract, HoldsKeepTexts) {
  ASSERT_TRUE(
      ledger_->append_sync({text_of("ann", "c1", 1, "held"), text_of("bob", "c2", 1, "not held"), decision_on(kHoldKind, "ann", "")}));
  const auto refused = ledger_->erase({.subject = "ann", .reason = "asked", .id = "e1"});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("release"), std::string::npos);
  const auto report = ledger_->erase({.before_us = 86'400'000'000 * 9, .reason = "text_days", .id = "e2"});
  EXPECT_EQ(report->keys, 1u);
  EXPECT_EQ(report->held, 1u);
  EXPECT_EQ(readable(*ledger_), Strings{"held"});
  ASSERT_TRUE(ledger_->append_sync({decision_on(kHoldReleasedKind, "ann", "")}));
  EXPECT_EQ(ledger_->erase({.subject = "ann", .reason = "asked", .id = "e3"})->keys, 1u);
  EXPECT_EQ(readable(*ledger_), Strings{});
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

TEST(SqliteLedger, ErasureIsAppliedAgainToARestoredKeyStore) {
  Folder folder;
  const auto options = options_in(folder);
  {
    auto ledger = open_sqlite_ledger(options).value();
    ASSERT_TRUE(ledger->append_sync({text_of("ann", "c1", 1, "a secret that was erased"), text_of("bob", "c2", 1, "kept")}));
  }
  fs::copy(folder.file("keys/keys.db"), folder.file("backup.db"));
  {
    auto ledger = open_sqlite_ledger(options).value();
    ASSERT_TRUE(ledger->erase({.subject = "ann", .reason = "asked", .id = "e1"}));
  }
  fs::copy(folder.file("backup.db"), folder.file("keys/keys.db"), fs::copy_options::overwrite_existing);
  auto ledger = open_sqlite_ledger(options).value();
  EXPECT_EQ(readable(*ledger), Strings{"kept"});
  EXPECT_TRUE(ledger->verify()->ok);
}

TEST(SqliteLedger, ADestroyedKeyIsInNoFile) {
  Folder folder;
  const auto options = options_in(folder);
  auto ledger = open_sqlite_ledger(options).value();
  ASSERT_TRUE(ledger->append_sync({text_of("ann", "c1", 1, "a secret that was erased")}));
  const auto wrapped = [&] {
    auto keys = Database::open(options.keys_path, Database::Mode::kReadOnly).value();
    auto statement = keys.prepare("SELECT wrapped FROM data_key").value();
    return *statement.step() ? statement.bytes(0) : std::string();
  }();
  ASSERT_FALSE(wrapped.empty());
  ASSERT_TRUE(ledger->erase({.subject = "ann", .reason = "asked", .id = "e1"}));
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(options.keys_path).parent_path().parent_path())) {
    if (!entry.is_regular_file()) continue;
    const std::string bytes = read_file(entry.path().string()).value();
    EXPECT_EQ(bytes.find(wrapped), std::string::npos) << entry.path();
    EXPECT_EQ(bytes.find("a secret that"), std::string::npos) << entry.path();
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
  const std::string id = ring.key_id("s", "c", 1);
  const Key key = *ring.obtain(id);
  ASSERT_TRUE(ring.commit_new());
  EXPECT_EQ(**ring.find(id), key);
  EXPECT_EQ(*ring.destroy({id}, KeyRing::Reuse::kNever), 1u);
  EXPECT_FALSE(ring.find(id)->has_value());
  EXPECT_NE(ring.key_id("s", "c", 1), id) << "what is said afterwards gets another key";
  EXPECT_NE(ring.key_id("s", "c", 2), ring.key_id("sc", "", 2));
  EXPECT_NE(ring.key_id("s", "c", 2), ring.key_id("s", "c", 3));
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
