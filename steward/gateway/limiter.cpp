#include "steward/gateway/limiter.h"

#include <algorithm>
#include <cmath>

namespace steward::gateway {
namespace {

constexpr std::int64_t kMinuteUs = 60'000'000;

/// Seconds until `amount` has come back.
int seconds_for(double amount, double per_minute) { return std::max(1, static_cast<int>(std::ceil(amount * 60 / per_minute))); }

}  // namespace

void Limiter::Bucket::settle(std::int64_t now_us, double per_minute) {
  used = std::max(0.0, used - static_cast<double>(now_us - at_us) * per_minute / kMinuteUs);
  at_us = now_us;
}

Result<void> Limiter::take_request(const std::string& who, const Limits& limits, int& retry_after_s) {
  if (limits.requests_per_minute == 0 && limits.tokens_per_minute == 0) return {};
  const std::int64_t now = clock_.now_us();
  const std::lock_guard lock(mutex_);
  if (accounts_.size() >= forget_at_) forget_idle(now);
  Account& account = accounts_[who];
  if (const double most = limits.requests_per_minute; most > 0) {
    account.requests.settle(now, most);
    if (account.requests.used + 1 > most) {
      retry_after_s = seconds_for(account.requests.used + 1 - most, most);
      return fail(ErrorCode::kResourceExhausted, "the requests per minute are used up");
    }
  }
  if (const double most = limits.tokens_per_minute; most > 0) {
    account.tokens.settle(now, most);
    if (account.tokens.used >= most) {
      retry_after_s = seconds_for(account.tokens.used - most, most);
      return fail(ErrorCode::kResourceExhausted, "the tokens per minute are used up");
    }
  }
  if (limits.requests_per_minute > 0) account.requests.used += 1;
  return {};
}

Result<void> Limiter::enter(const std::string& who, const Limits& limits) {
  if (limits.concurrent_turns == 0) return {};
  const std::lock_guard lock(mutex_);
  Account& account = accounts_[who];
  if (account.running >= limits.concurrent_turns)
    return fail(ErrorCode::kResourceExhausted, "as many answers as may be are under way: wait for one to end");
  ++account.running;
  return {};
}

void Limiter::leave(const std::string& who) {
  const std::lock_guard lock(mutex_);
  const auto found = accounts_.find(who);
  if (found != accounts_.end() && found->second.running > 0) --found->second.running;
}

void Limiter::spend_tokens(const std::string& who, const Limits& limits, int tokens) {
  if (limits.tokens_per_minute == 0 || tokens <= 0) return;
  const std::int64_t now = clock_.now_us();
  const std::lock_guard lock(mutex_);
  Bucket& bucket = accounts_[who].tokens;
  bucket.settle(now, limits.tokens_per_minute);
  bucket.used += tokens;
}

Allowance Limiter::left(Bucket& bucket, std::int64_t now_us, int per_minute) {
  bucket.settle(now_us, per_minute);
  const int remaining = std::max(0, static_cast<int>(std::floor(per_minute - bucket.used)));
  return {per_minute, remaining, static_cast<int>(std::ceil(bucket.used * 60 / per_minute))};
}

Allowance Limiter::requests_left(const std::string& who, const Limits& limits) {
  if (limits.requests_per_minute == 0) return {};
  const std::lock_guard lock(mutex_);
  return left(accounts_[who].requests, clock_.now_us(), limits.requests_per_minute);
}

Allowance Limiter::tokens_left(const std::string& who, const Limits& limits) {
  if (limits.tokens_per_minute == 0) return {};
  const std::lock_guard lock(mutex_);
  return left(accounts_[who].tokens, clock_.now_us(), limits.tokens_per_minute);
}

/// A name that has used nothing for a minute and owes nothing is as good as new. What it owes comes back by its limit a minute, which is
/// not known here: an account is kept as long as it may still owe, a minute for each of its limit, at most an hour.
void Limiter::forget_idle(std::int64_t now_us) {
  std::erase_if(accounts_, [&](const auto& entry) {
    const Account& account = entry.second;
    const std::int64_t last = std::max(account.requests.at_us, account.tokens.at_us);
    const bool owes = account.requests.used > 0 || account.tokens.used > 0;
    return account.running == 0 && now_us - last > (owes ? 60 * kMinuteUs : kMinuteUs);
  });
  forget_at_ = std::max<std::size_t>(1024, accounts_.size() * 2);
}

}  // namespace steward::gateway
