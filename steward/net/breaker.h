#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>

#include "steward/core/clock.h"

namespace steward::net {

/// A circuit breaker [Nygard, "Release It!", 2007]: after some failures in a row nobody asks for a while; then one request tries, and its
/// outcome decides. Each attempt that may_ask() allowed reports one outcome. The clock is a steady one: nobody may set it. Thread-safe.
class Breaker {
 public:
  struct Options {
    int failures = 5;
    std::chrono::milliseconds open_time{10'000};
  };
  enum class State { kClosed, kOpen, kTrying };

  Breaker(const Options& options, const Clock& clock) : options_(options), clock_(clock) {}
  bool may_ask();
  void answered();
  void failed();
  /// Nothing was learnt: the client left.
  void abandoned();
  State state() const;
  /// Until may_ask() may allow an attempt again.
  std::chrono::milliseconds wait() const;

 private:
  const Options options_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  State state_ = State::kClosed;
  int failures_ = 0;  ///< in a row
  std::int64_t open_until_us_ = 0;
};

}  // namespace steward::net
