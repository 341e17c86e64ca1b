#include "steward/guard/conversation.h"

#include <algorithm>

#include "steward/core/check.h"

namespace steward::guard {
namespace {

/// A message beyond this many is judged again when it comes back. What ended a turn is always remembered.
constexpr std::size_t kJudgedMax = 65'536;

/// `first` cannot run into `second`: its length stands before it.
std::string joined(std::string_view first, std::string_view second) {
  std::string out = std::to_string(first.size());
  out += ':';
  out += first;
  out += second;
  return out;
}

}  // namespace

std::optional<policy::Action> Conversation::judged(std::string_view role, std::string_view text) const {
  const std::string id = hash(role, text);
  const std::lock_guard lock(mutex_);
  const auto found = judged_.find(id);
  return found == judged_.end() ? std::nullopt : std::optional(found->second);
}

void Conversation::remember(std::string_view role, std::string_view text, policy::Action action) {
  std::string id = hash(role, text);
  const std::lock_guard lock(mutex_);
  if (judged_.size() >= kJudgedMax && action < policy::Action::kCanned) return;
  judged_.insert_or_assign(std::move(id), action);
}

std::string Conversation::language() const {
  const std::lock_guard lock(mutex_);
  return language_;
}

void Conversation::set_language(std::string language) {
  const std::lock_guard lock(mutex_);
  language_ = std::move(language);
}

bool Conversation::reminder_due(std::int64_t now_us, std::int64_t interval_us) {
  const std::lock_guard lock(mutex_);
  const bool due = reminded_us_ >= 0 && now_us - reminded_us_ >= interval_us;
  if (due || reminded_us_ < 0) reminded_us_ = now_us;
  return due;
}

std::string Conversation::hash(std::string_view role, std::string_view text) const {
  const Digest digest = keyed_hash(key_, joined(role, text));
  return std::string(digest.begin(), digest.end());
}

Conversations::Conversations(const Key& key, std::size_t count_max) : key_(key), count_max_(std::max<std::size_t>(count_max, 1)) {}

std::shared_ptr<Conversation> Conversations::get(std::string_view principal, std::string_view conversation) {
  std::string id = joined(principal, conversation);
  const std::lock_guard lock(mutex_);
  const auto found = by_id_.find(id);
  if (found != by_id_.end()) {
    recent_.splice(recent_.begin(), recent_, found->second);
    return found->second->second;
  }
  // Shared: a turn under way keeps its conversation when it is dropped from here.
  recent_.emplace_front(id, std::make_shared<Conversation>(derive_key(key_, id)));
  by_id_.emplace(std::move(id), recent_.begin());
  if (recent_.size() > count_max_) {
    by_id_.erase(recent_.back().first);
    recent_.pop_back();
  }
  STEWARD_CHECK(by_id_.size() == recent_.size());
  return recent_.front().second;
}

void Conversations::forget(std::string_view principal) {
  const std::string prefix = joined(principal, "");
  const std::lock_guard lock(mutex_);
  for (auto at = recent_.begin(); at != recent_.end();) {
    const auto next = std::next(at);
    if (at->first.starts_with(prefix)) {
      by_id_.erase(at->first);
      recent_.erase(at);
    }
    at = next;
  }
}

}  // namespace steward::guard
