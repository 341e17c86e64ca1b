#include "steward/net/client_pool.h"

#include <algorithm>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "steward/core/check.h"

namespace steward::net {

// The pool.

LoopPool::Taken LoopPool::take(Which which) {
  if (which == Which::kFresh || idle_.empty()) return {make_client_connection(loop, shared_, weak_from_this()), false};
  Taken out{std::move(idle_.back()), true};
  idle_.pop_back();
  return out;
}

void LoopPool::idle(std::shared_ptr<ClientConnection> connection) {
  if (closed_) return connection->close();
  idle_.push_back(std::move(connection));
}

void LoopPool::gone(const ClientConnection& connection) {
  std::erase_if(idle_, [&](const auto& kept) { return kept.get() == &connection; });
}

void LoopPool::enter(PooledCall& call) {
  call.place = calls_.size();
  calls_.push_back(&call);
}

void LoopPool::leave(PooledCall& call) {
  calls_.back()->place = call.place;
  calls_[call.place] = calls_.back();
  calls_.pop_back();
}

void LoopPool::close() {
  if (std::exchange(closed_, true)) return;
  while (!calls_.empty()) calls_.back()->cut();
  const auto idle = std::move(idle_);
  idle_.clear();
  for (const auto& connection : idle) connection->close();
}

// The gate.

ClientGate::Entry ClientGate::acquire(const std::shared_ptr<PooledCall>& call) {
  const std::lock_guard lock(mutex_);
  if (open_ < open_max_) {
    ++open_;
    return Entry::kGo;
  }
  if (waiting_.size() >= waiting_max_) return Entry::kFull;
  waiting_.push_back(call);
  return Entry::kWait;
}

void ClientGate::release() {
  for (;;) {
    std::shared_ptr<PooledCall> next;
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.empty()) {
        --open_;
        return;
      }
      next = std::move(waiting_.front());
      waiting_.pop_front();
    }
    if (next->pool->loop->post([next] { next->granted(); })) return;  // else its loop has ended, and the call with it
  }
}

bool ClientGate::forget(const PooledCall& call) {
  const std::lock_guard lock(mutex_);
  return std::erase_if(waiting_, [&](const auto& waits) { return waits.get() == &call; }) > 0;
}

// The call.

struct PooledCall::Timer {
  explicit Timer(Loop& loop) : timer(loop.context()) {}
  boost::asio::steady_timer timer;
};

PooledCall::PooledCall(std::shared_ptr<ClientGate> gate, std::shared_ptr<LoopPool> call_pool, std::string wire,
                       std::shared_ptr<ReplyHandler> handler)
    : pool(std::move(call_pool)), gate_(std::move(gate)), wire_(std::move(wire)), handler_(std::move(handler)) {}
PooledCall::~PooledCall() = default;

void PooledCall::cancel() {
  if (done_ || cancelled_.exchange(true)) return;
  pool->loop->post([self = shared_from_this()] { self->cut(); });  // a loop that has ended has cut its calls, or is about to
}

void PooledCall::begin(ClientGate::Entry entry) {
  if (entry == ClientGate::Entry::kGo) has_place_ = true;
  if (pool->is_closed()) return cut();
  begun_ = true;
  pool->enter(*this);
  if (has_place_) send(LoopPool::Which::kAny);
}

void PooledCall::granted() {
  if (done_) return gate_->release();
  has_place_ = true;
  if (begun_) send(LoopPool::Which::kAny);
}

void PooledCall::send(LoopPool::Which which) {
  LoopPool::Taken taken = pool->take(which);
  connection_ = std::move(taken.connection);
  on_kept_connection_ = taken.was_kept;
  connection_->send(wire_, shared_from_this());
}

void PooledCall::take_head(const ReplyHead& head) {
  if (!cancelled_) handler_->on_head(*this, head);
}

void PooledCall::take_body(std::string_view bytes) {
  if (!cancelled_) handler_->on_body(*this, bytes);
}

void PooledCall::end(Result<void> result, CallProgress progress) {
  connection_.reset();
  if (cancelled_) return cut();
  const bool stale = !result && on_kept_connection_ && progress == CallProgress::kSent && result.error().code == ErrorCode::kUnavailable;
  if (stale) return send(LoopPool::Which::kFresh);
  if (const auto delay = handler_->retry_after(result, progress)) return send_after(*delay);
  finish(std::move(result), progress);
}

void PooledCall::send_after(std::chrono::milliseconds delay) {
  if (!timer_) timer_ = std::make_unique<Timer>(*pool->loop);
  timer_->timer.expires_after(delay);
  timer_->timer.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error && !self->done_) self->send(LoopPool::Which::kAny);
  });
}

void PooledCall::cut() {
  if (done_) return;
  const auto self = shared_from_this();
  cancelled_ = true;
  if (connection_) connection_->close();
  connection_.reset();
  if (timer_) timer_->timer.cancel();
  finish(fail(ErrorCode::kCancelled, "the request was cancelled"), CallProgress::kWaiting);
}

/// The place is free before the handler tells anyone, who may come back at once.
void PooledCall::finish(Result<void> result, CallProgress progress) {
  const auto self = shared_from_this();
  done_ = true;
  if (begun_) pool->leave(*this);
  if (has_place_)
    gate_->release();
  else
    gate_->forget(*this);
  const auto handler = std::move(handler_);
  handler->on_done(std::move(result), progress);
}

}  // namespace steward::net
