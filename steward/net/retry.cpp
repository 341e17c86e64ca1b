#include "steward/net/retry.h"

#include <algorithm>
#include <charconv>

namespace steward::net {
namespace {

constexpr std::chrono::milliseconds kBackoffMax{2'000};

}  // namespace

std::optional<std::chrono::milliseconds> Backoff::before(int retry, std::optional<std::chrono::seconds> asked) {
  if (retry >= options_.retries || (asked && *asked > options_.retry_after_max)) return std::nullopt;
  const auto whole = std::min(kBackoffMax, options_.backoff * (1 << std::min(retry, 10)));
  const std::lock_guard lock(mutex_);
  const auto jittered =
      std::chrono::milliseconds(static_cast<std::int64_t>(static_cast<double>(whole.count()) * (0.5 + random_.uniform())));
  return asked ? std::max<std::chrono::milliseconds>(jittered, *asked) : jittered;
}

std::optional<std::chrono::seconds> read_retry_after(std::string_view field) {
  unsigned seconds = 0;
  const auto [rest, error] = std::from_chars(field.data(), field.data() + field.size(), seconds);
  if (error != std::errc{} || rest != field.data() + field.size() || seconds > 1'000'000) return std::nullopt;
  return std::chrono::seconds(seconds);
}

}  // namespace steward::net
