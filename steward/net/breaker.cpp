#include "steward/net/breaker.h"

#include <algorithm>

namespace steward::net {

bool Breaker::may_ask() {
  const std::lock_guard lock(mutex_);
  if (state_ == State::kClosed) return true;
  if (state_ == State::kTrying || clock_.now_us() < open_until_us_) return false;
  state_ = State::kTrying;
  return true;
}

void Breaker::answered() {
  const std::lock_guard lock(mutex_);
  // An answer to a request from before the breaker opened is good news as well.
  state_ = State::kClosed;
  failures_ = 0;
}

void Breaker::failed() {
  const std::lock_guard lock(mutex_);
  ++failures_;
  if (state_ == State::kOpen || (state_ == State::kClosed && failures_ < options_.failures)) return;
  state_ = State::kOpen;
  open_until_us_ = clock_.now_us() + std::chrono::microseconds(options_.open_time).count();
}

void Breaker::abandoned() {
  const std::lock_guard lock(mutex_);
  if (state_ == State::kTrying) state_ = State::kOpen;  // whose time is over: the next request tries
}

Breaker::State Breaker::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

std::chrono::milliseconds Breaker::wait() const {
  const std::lock_guard lock(mutex_);
  if (state_ == State::kClosed) return std::chrono::milliseconds(0);
  const std::int64_t left_us = std::max<std::int64_t>(0, open_until_us_ - clock_.now_us());
  return std::chrono::milliseconds((left_us + 999) / 1000);
}

}  // namespace steward::net
