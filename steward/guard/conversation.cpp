#include "steward/guard/conversation.h"

namespace steward::guard {

std::string Conversation::hash(std::string_view role, std::string_view text) const {
  std::string bytes(role);
  bytes += '\0';
  bytes += text;
  const Digest digest = keyed_hash(key_, bytes);
  return std::string(reinterpret_cast<const char*>(digest.data()), 16);
}

std::optional<policy::Action> Conversation::judged(std::string_view role, std::string_view text) const {
  const std::string id = hash(role, text);
  const std::lock_guard lock(mutex_);
  const auto found = judged_.find(id);
  if (found == judged_.end()) return std::nullopt;
  return found->second;
}

void Conversation::remember(std::string_view role, std::string_view text, policy::Action action) {
  std::string id = hash(role, text);
  const std::lock_guard lock(mutex_);
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

Conversations::Conversations(const Key& key, std::size_t count_max) : key_(key), count_max_(count_max) {}

std::shared_ptr<Conversation> Conversations::get(std::string_view principal, std::string_view conversation) {
  std::string id(principal);
  id += '\0';
  id += conversation;
  const std::lock_guard lock(mutex_);
  if (const auto found = by_id_.find(id); found != by_id_.end()) {
    recent_.splice(recent_.begin(), recent_, found->second);
    return found->second->second;
  }
  recent_.emplace_front(id, std::make_shared<Conversation>(derive_key(key_, id)));
  by_id_.emplace(std::move(id), recent_.begin());
  if (recent_.size() > count_max_) {
    by_id_.erase(recent_.back().first);
    recent_.pop_back();
  }
  return recent_.front().second;
}

}  // namespace steward::guard
