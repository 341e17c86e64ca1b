// A full disk, as the kernel tells it: no file of this process may grow beyond a limit. What was acknowledged stays, what was not is
// refused in words, and the ledger goes on when there is room again.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>

#include "steward/core/ids.h"
#include "steward/ledger/sqlite/sqlite_ledger.h"

namespace steward::ledger {
namespace {

namespace fs = std::filesystem;

/// No file may be longer than `bytes` while it lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    before_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, before_handler_);
  }

 private:
  rlimit before_{};
  void (*before_handler_)(int) = nullptr;
};

Event make_event(const std::string& turn) {
  static SystemClock clock;
  Event event;
  event.id = make_uuid7(clock);
  event.time_us = clock.now_us();
  event.kind = "turn_opened";
  event.turn = turn;
  event.subject = "subject";
  event.conversation = "conversation";
  event.text = std::string(20'000, 'x');
  return event;
}

TEST(FullDisk, RefusesInWordsAndGoesOnLater) {
  const fs::path folder = fs::path(::testing::TempDir()) / ("full-disk-" + std::to_string(::getpid()));
  fs::create_directories(folder);
  SqliteLedgerOptions options;
  options.database_path = (folder / "ledger.db").string();
  options.keys_path = (folder / "keys/keys.db").string();
  options.master.fill(7);
  auto ledger = open_sqlite_ledger(options).value();
  std::vector<std::string> stored;
  int refused = 0;
  {
    const FileSizeLimit limit(512 * 1024);
    for (int i = 0; i < 60; ++i) {
      const auto result = ledger->append_sync({make_event("turn-" + std::to_string(i))});
      if (result) {
        stored.push_back("turn-" + std::to_string(i));
      } else {
        ++refused;
        EXPECT_EQ(result.error().code, ErrorCode::kUnavailable) << result.error().message;
      }
    }
  }
  EXPECT_GT(stored.size(), 3u);
  EXPECT_GT(refused, 3);
  ASSERT_TRUE(ledger->append_sync({make_event("after")})) << "there is room again";
  stored.emplace_back("after");
  ledger.reset();
  ledger = open_sqlite_ledger(options).value();
  const auto report = ledger->verify();
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->ok);
  std::vector<std::string> found;
  const auto events = ledger->read({}).value();
  for (const StoredEvent& event : events) found.push_back(event.event.turn);
  EXPECT_EQ(found, stored);
  ledger.reset();
  fs::remove_all(folder);
}

}  // namespace
}  // namespace steward::ledger
