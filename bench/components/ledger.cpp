// Sealed, chained events in SQLite with group commit and sync, against a plain file to which the same bytes are appended in the same
// groups.
#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "bench/components/benches.h"
#include "steward/core/check.h"
#include "steward/core/hash.h"
#include "steward/core/ids.h"
#include "steward/ledger/sqlite/sqlite_ledger.h"

namespace steward::bench {
namespace {

namespace fs = std::filesystem;

/// A folder beside the build, which lies on a disk where /tmp may not; gone at the end.
class Folder {
 public:
  Folder() : path_(fs::current_path() / fmt::format("bench-ledger-{}", ::getpid())) { fs::create_directories(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path_); }
  std::string file(const char* name) const { return (path_ / name).string(); }

 private:
  const fs::path path_;
};

/// What turns write: four events each, two of them with text.
std::vector<ledger::Event> events_of_turns(std::size_t count, std::int64_t& number, const std::string& text) {
  const SystemClock clock;
  std::vector<ledger::Event> out;
  for (std::size_t i = 0; i < count; ++i) {
    const char* const kinds[] = {"turn_opened", "decision", "model_output", "turn_closed"};
    ledger::Event event;
    event.id = make_id("evt_", clock);
    event.time_us = clock.now_us();
    event.kind = kinds[i % 4];
    event.turn = fmt::format("turn_{:032}", number / 4);
    event.subject = fmt::format("{:064x}", number / 16 % 512);
    event.conversation = fmt::format("{:064x}", number / 16 % 512 + 1000);
    event.meta = {{"profile", "demo"}, {"state", "completed"}, {"policy", "steward/general-assistant"}, {"tokens", 128}};
    if (i % 2 == 0) event.text = text;
    ++number;
    out.push_back(std::move(event));
  }
  return out;
}

/// Bytes of an event as it is stored: every column, the nonce and tag of the sealed text, and the hash.
std::string stored_bytes(const ledger::Event& event) {
  std::string out = event.id + event.kind + event.turn + event.subject + event.conversation + json::dump_canonical(event.meta);
  out.append(24 + 64, '0');                                             // three numbers, the hash
  if (event.text) out += *event.text + std::string(32 + 24 + 16, '0');  // key id, nonce, tag
  return out;
}

}  // namespace

void bench_ledger(Table& table) {
  const Folder folder;
  const std::string text = read_text("prompt.txt");
  std::int64_t number = 0;
  for (const std::size_t group : {std::size_t{64}, std::size_t{512}}) {
    auto ledger = ledger::open_sqlite_ledger({folder.file("events.db"), folder.file("keys.db"), random_key(), {}});
    STEWARD_CHECK(ledger.has_value());
    std::string bytes;
    for (const ledger::Event& event : events_of_turns(group, number, text)) bytes += stored_bytes(event);
    const int plain = ::open(folder.file("plain").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    STEWARD_CHECK(plain >= 0);
    const Work ours = [&](std::int64_t times) {
      double ns = 0;
      for (std::int64_t i = 0; i < times; ++i) {
        auto events = events_of_turns(group, number, text);
        ns += on_wall([&] { STEWARD_CHECK((*ledger)->append_sync(std::move(events)).has_value()); })(1);
      }
      return ns;
    };
    const Work theirs = on_wall([&] {
      STEWARD_CHECK(::write(plain, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) && ::fdatasync(plain) == 0);
    });
    table.faster_than({fmt::format("ledger, groups of {} events, against a plain file", group), Goal::kAtLeast, 0.2}, ours, theirs, 0);
    ::close(plain);
    ledger->reset();
    for (const char* name : {"events.db", "events.db-wal", "events.db-shm", "keys.db", "keys.db-wal", "keys.db-shm", "plain"})
      fs::remove(folder.file(name));
  }
}

}  // namespace steward::bench
