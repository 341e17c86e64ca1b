#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace steward {

/// Monotonic time for durations, in nanoseconds from an arbitrary start.
std::int64_t steady_ns();

/// Time in microseconds, injected so that tests choose it: since the Unix epoch, unless it is a SteadyClock.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::int64_t now_us() const = 0;
};

class SystemClock final : public Clock {
 public:
  std::int64_t now_us() const override;
};

/// Monotonic time from an arbitrary start, which nobody can set: for waiting, not for dates.
class SteadyClock final : public Clock {
 public:
  std::int64_t now_us() const override { return steady_ns() / 1000; }
};

/// A clock that tests move by hand. Thread-safe.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(std::int64_t start_us = 1'790'000'000'000'000) : now_us_(start_us) {}
  std::int64_t now_us() const override { return now_us_.load(); }
  void advance(std::chrono::microseconds by) { now_us_ += by.count(); }

 private:
  std::atomic<std::int64_t> now_us_;
};

/// "2026-11-24T14:03:05.123456Z" (RFC 3339, UTC).
std::string format_utc(std::int64_t time_us);
/// Days since the epoch of an ISO 8601 date "YYYY-MM-DD", or -1 if it is none.
std::int64_t parse_date_days(std::string_view date);

}  // namespace steward
