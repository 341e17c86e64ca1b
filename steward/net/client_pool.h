#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "steward/net/client_connection.h"

namespace steward::net {

class PooledCall;

/// The calls and kept connections of one client on one loop. All calls on the loop's thread, but for `loop`.
class LoopPool final : public ConnectionOwner, public std::enable_shared_from_this<LoopPool> {
 public:
  LoopPool(std::shared_ptr<Loop> given_loop, std::shared_ptr<const ClientShared> shared)
      : loop(std::move(given_loop)), shared_(std::move(shared)) {}

  enum class Which { kAny, kFresh };
  struct Taken {
    std::shared_ptr<ClientConnection> connection;
    bool was_kept = false;
  };
  Taken take(Which which);
  bool is_closed() const { return closed_; }
  void idle(std::shared_ptr<ClientConnection> connection) override;
  void gone(const ClientConnection& connection) override;
  void enter(PooledCall& call);
  void leave(PooledCall& call);
  /// Ends all calls and closes all connections; nothing is taken after that.
  void close();

  const std::shared_ptr<Loop> loop;  // shared with connections that outlive it

 private:
  const std::shared_ptr<const ClientShared> shared_;
  std::vector<std::shared_ptr<ClientConnection>> idle_;  // the one used last is used first
  std::vector<PooledCall*> calls_;                       // each knows its place
  bool closed_ = false;
};

/// What all calls of a client share: who may go and who waits. Thread-safe.
class ClientGate {
 public:
  enum class Entry { kGo, kWait, kFull };
  ClientGate(int open_max, int waiting_max) : open_max_(open_max), waiting_max_(static_cast<std::size_t>(waiting_max)) {}
  Entry acquire(const std::shared_ptr<PooledCall>& call);
  /// Gives a place back, to whoever waits longest.
  void release();
  /// True if the call waited, and does no more.
  bool forget(const PooledCall& call);

 private:
  const int open_max_;
  const std::size_t waiting_max_;
  std::mutex mutex_;
  int open_ = 0;
  std::deque<std::shared_ptr<PooledCall>> waiting_;
};

/// One request from its start to the end of its reply. On its pool's thread, but for cancel().
class PooledCall final : public ClientCall, public ConnectionUser, public std::enable_shared_from_this<PooledCall> {
 public:
  PooledCall(std::shared_ptr<ClientGate> gate, std::shared_ptr<LoopPool> call_pool, std::string wire,
             std::shared_ptr<ReplyHandler> handler);
  ~PooledCall() override;

  void cancel() override;
  void take_head(const ReplyHead& head) override;
  void take_body(std::string_view bytes) override;
  void end(Result<void> result, CallProgress progress) override;

  void begin(ClientGate::Entry entry);  ///< kGo or kWait
  void granted();                       ///< a place was given to it
  void cut();                           ///< ends it with kCancelled

  const std::shared_ptr<LoopPool> pool;  // shared with the pool's other calls
  std::size_t place = 0;                 ///< among the pool's calls

 private:
  struct Timer;
  void send(LoopPool::Which which);
  void send_after(std::chrono::milliseconds delay);
  void finish(Result<void> result, CallProgress progress);

  const std::shared_ptr<ClientGate> gate_;  // shared with the client
  const std::string wire_;
  std::shared_ptr<ReplyHandler> handler_;  // shared with whoever started the call
  std::shared_ptr<ClientConnection> connection_;
  std::unique_ptr<Timer> timer_;
  bool begun_ = false;
  bool has_place_ = false;
  bool on_kept_connection_ = false;
  std::atomic<bool> cancelled_{false};
  std::atomic<bool> done_{false};
};

}  // namespace steward::net
