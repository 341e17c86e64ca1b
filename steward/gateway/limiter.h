#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "steward/core/clock.h"
#include "steward/core/result.h"

namespace steward::gateway {

/// What one key, or one end user, may use; 0 = no limit.
struct Limits {
  int requests_per_minute = 0;
  int tokens_per_minute = 0;  ///< prompt and completion together, counted when a turn ends
  int concurrent_turns = 0;

  bool operator==(const Limits&) const = default;
};

/// What is left of a limit per minute, for the headers of an answer.
struct Allowance {
  int limit = 0;  ///< 0: there is none
  int remaining = 0;
  int reset_s = 0;  ///< until all of it is there again
};

/// Counts what each name uses: a bucket that fills evenly over a minute. Memory is bounded: names that are back at their whole allowance
/// are forgotten. Thread-safe.
class Limiter {
 public:
  /// `clock` outlives it.
  explicit Limiter(const Clock& clock) : clock_(clock) {}

  /// Counts one request, or says after how many seconds to try again: kResourceExhausted with the reason, `retry_after_s` set.
  Result<void> take_request(const std::string& who, const Limits& limits, int& retry_after_s);
  /// A turn of `who` is under way. Errors: kResourceExhausted when as many as may are.
  Result<void> enter(const std::string& who, const Limits& limits);
  void leave(const std::string& who);
  /// More than what is left is owed: later requests wait for it.
  void spend_tokens(const std::string& who, const Limits& limits, int tokens);
  Allowance requests_left(const std::string& who, const Limits& limits);
  Allowance tokens_left(const std::string& who, const Limits& limits);

 private:
  struct Bucket {
    double used = 0;  ///< goes back to 0 by the limit a minute
    std::int64_t at_us = 0;
    void settle(std::int64_t now_us, double per_minute);
  };
  struct Account {
    Bucket requests, tokens;
    int running = 0;
  };
  void forget_idle(std::int64_t now_us);
  static Allowance left(Bucket& bucket, std::int64_t now_us, int per_minute);

  const Clock& clock_;
  std::mutex mutex_;
  std::unordered_map<std::string, Account> accounts_;
  std::size_t forget_at_ = 1024;
};

}  // namespace steward::gateway
