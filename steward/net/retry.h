#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string_view>

#include "steward/core/random.h"

namespace steward::net {

struct RetryOptions {
  int retries = 2;                                   ///< of failed connections, 429, 502 and 503
  std::chrono::milliseconds backoff{100};            ///< before the first retry, doubled for each; give or take a half
  std::chrono::milliseconds retry_after_max{5'000};  ///< a server that asks for longer is not asked again
};

/// How long to wait before a request is sent once more. Thread-safe.
class Backoff {
 public:
  explicit Backoff(const RetryOptions& options) : options_(options) {}
  /// Before retry number `retry`, from 0; `asked`: what the server asked for. Nullopt: not at all.
  std::optional<std::chrono::milliseconds> before(int retry, std::optional<std::chrono::seconds> asked);

 private:
  const RetryOptions options_;
  std::mutex mutex_;
  Random random_{std::string_view("backoff")};
};

/// Seconds of a Retry-After field (RFC 9110, section 10.2.3); a date counts as none.
std::optional<std::chrono::seconds> read_retry_after(std::string_view field);
/// Does the status say that the same request may be answered later?
inline bool is_busy(int status) { return status == 429 || status == 502 || status == 503; }

}  // namespace steward::net
