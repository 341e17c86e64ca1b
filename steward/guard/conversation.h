#pragma once

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "steward/core/hash.h"
#include "steward/guard/vault.h"
#include "steward/policy/action.h"

namespace steward::guard {

/// What the guard remembers of one conversation of one principal: placeholders, and how each message was judged, by keyed hash.
/// Thread-safe.
class Conversation {
 public:
  explicit Conversation(const Key& key) : key_(key) {}
  Vault& vault() { return vault_; }
  std::optional<policy::Action> judged(std::string_view role, std::string_view text) const;
  void remember(std::string_view role, std::string_view text, policy::Action action);
  std::string language() const;
  void set_language(std::string language);
  /// True if `interval_us` or more have gone by since it last was, or since the first call; the count then begins again.
  bool reminder_due(std::int64_t now_us, std::int64_t interval_us);

 private:
  std::string hash(std::string_view role, std::string_view text) const;

  const Key key_;
  Vault vault_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, policy::Action> judged_;
  std::string language_;
  std::int64_t reminded_us_ = -1;
};

/// The conversations in memory, least recently used ones dropped beyond `count_max`. Thread-safe.
class Conversations {
 public:
  Conversations(const Key& key, std::size_t count_max);
  /// `principal` and `conversation` are pseudonymous ids; the pair names the conversation.
  std::shared_ptr<Conversation> get(std::string_view principal, std::string_view conversation);
  /// Forgets all conversations of a principal: their placeholders and judgements. Turns under way keep theirs to their end.
  void forget(std::string_view principal);

 private:
  const Key key_;
  const std::size_t count_max_;
  std::mutex mutex_;
  std::list<std::pair<std::string, std::shared_ptr<Conversation>>> recent_;
  std::unordered_map<std::string, decltype(recent_)::iterator> by_id_;
};

}  // namespace steward::guard
