#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <random>
#include <set>

#include <fmt/format.h>

#include "steward/core/hash.h"
#include "steward/core/ids.h"
#include "steward/ledger/sqlite/power_loss_vfs.h"
#include "steward/ledger/sqlite/sqlite_ledger.h"

namespace steward::ledger {
namespace {

namespace fs = std::filesystem;

Event make_event(const std::string& kind, const std::string& turn) {
  static SystemClock clock;
  Event event;
  event.id = make_uuid7(clock);
  event.time_us = clock.now_us();
  event.kind = kind;
  event.turn = turn;
  event.subject = "subject";
  event.conversation = turn.substr(0, 6);  // a new key every ten turns
  event.text = "text";
  return event;
}

/// Appends turns for ever and writes each one's name to `out` when it is told that it is durable.
[[noreturn]] void append_until_killed(const SqliteLedgerOptions& options, int round, int out) {
  auto ledger = open_sqlite_ledger(options);
  if (!ledger) {
    fmt::print(stderr, "the writer cannot open the ledger: {}\n", ledger.error().message);
    ::_exit(1);
  }
  for (int i = 0;; ++i) {
    const std::string turn = fmt::format("{:03}-{:05}", round, i);
    if (!(*ledger)->append_sync({make_event("turn_opened", turn), make_event("turn_closed", turn)})) ::_exit(1);
    if (::write(out, turn.data(), turn.size()) != static_cast<ssize_t>(turn.size())) ::_exit(1);
  }
}

/// Kills the writer at a random moment, a hundred times over. Returns the turns that were answered.
std::set<std::string> run_and_kill(const SqliteLedgerOptions& options) {
  std::set<std::string> answered;
  std::minstd_rand random(11);
  for (int round = 0; round < 100; ++round) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(ends[0]);
      append_until_killed(options, round, ends[1]);
    }
    ::close(ends[1]);
    std::string turn(9, '\0');
    const int wanted = 1 + static_cast<int>(random() % 12);
    for (int i = 0; i < wanted && ::read(ends[0], turn.data(), 9) == 9; ++i) answered.insert(turn);
    ::usleep(static_cast<useconds_t>(random() % 300));  // anywhere within a commit, not only behind one
    ::kill(child, SIGKILL);
    while (::read(ends[0], turn.data(), 9) == 9) answered.insert(turn);
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself in round " << round;
  }
  return answered;
}

class Durability : public ::testing::TestWithParam<std::string> {};

TEST_P(Durability, NothingThatWasAnsweredIsLost) {
  register_power_loss_vfs();
  const fs::path folder = fs::path(::testing::TempDir()) / ("durability-" + hex(random_key()).substr(0, 8));
  fs::create_directories(folder);
  SqliteLedgerOptions options{folder / "ledger.db", folder / "keys/keys.db", {}, GetParam()};
  options.master.fill(9);

  const std::set<std::string> answered = run_and_kill(options);
  EXPECT_GE(answered.size(), 100u);

  options.vfs.clear();  // what the disk holds
  {
    auto ledger = open_sqlite_ledger(options);
    ASSERT_TRUE(ledger) << ledger.error().message;
    const auto report = (*ledger)->verify();
    ASSERT_TRUE(report);
    EXPECT_TRUE(report->ok) << report->problem;
    Query query;
    query.limit = 1'000'000;
    query.kind = "turn_closed";
    const auto closed = (*ledger)->read(query);
    ASSERT_TRUE(closed) << closed.error().message;
    std::set<std::string> stored;
    for (const auto& event : *closed) {
      stored.insert(event.event.turn);
      EXPECT_EQ(event.event.text, "text") << "the key of a stored text is lost";
    }
    for (const std::string& turn : answered) EXPECT_TRUE(stored.contains(turn)) << turn;
  }
  fs::remove_all(folder);
}

INSTANTIATE_TEST_SUITE_P(Storage, Durability, ::testing::Values("", "power-loss"),
                         [](const auto& info) { return info.param.empty() ? "Disk" : "PowerLoss"; });

}  // namespace
}  // namespace steward::ledger
