#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace steward::bench {

struct MockOptions {
  std::uint16_t port = 0;
  int deltas = 100;         ///< of a streamed reply, beside its first and last event
  std::int64_t gap_ns = 0;  ///< before each delta
  std::size_t lanes = 0;    ///< streams whose send times are kept; a request names its lane by "lane N " in its message
};

/// When each delta of one lane's stream under way was sent; the last entry is that of the event which ends the text.
using SendTimes = std::vector<std::atomic<std::int64_t>>;

/// An OpenAI-compatible upstream on a thread of its own that answers every chat with the same text, whole or as a stream of one word a
/// delta. The send times stand in memory, outside of what any gateway on the way reads or writes again.
class MockUpstream {
 public:
  explicit MockUpstream(const MockOptions& options);
  ~MockUpstream();
  std::uint16_t port() const { return port_; }
  SendTimes& send_times(std::size_t lane) { return times_[lane]; }

 private:
  struct Client;
  void run();
  void accept_all();
  void read(int socket);
  void answer(Client& client, std::string_view body);
  void send_due();
  void send_next(Client& client);

  const MockOptions options_;
  int listener_ = -1;
  int poll_ = -1;
  std::uint16_t port_ = 0;
  std::string whole_reply_;
  std::vector<std::string> events_;  ///< chunks of a streamed reply: first, deltas, last
  std::vector<SendTimes> times_;
  std::unordered_map<int, std::unique_ptr<Client>> clients_;
  std::vector<std::pair<std::int64_t, int>> due_;  ///< min-heap of time and socket
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace steward::bench
