#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "steward/core/hash.h"
#include "steward/core/result.h"

namespace steward::ledger {

/// Where wrapped data keys live: apart from the events and from their backups.
class KeyStore {
 public:
  virtual ~KeyStore() = default;
  /// All or none, durable on return.
  virtual Result<void> put(const std::vector<std::pair<std::string, std::string>>& wrapped_by_id) = 0;
  virtual Result<std::optional<std::string>> get(std::string_view id) const = 0;
  /// All or none. Leaves no copy in the store's own files. Returns how many of them there were.
  virtual Result<std::size_t> destroy(const std::vector<std::string>& ids) = 0;
};

/// Data keys by (subject, conversation, day), wrapped with the master key. A day's end is where retention can cut. Thread-safe.
class KeyRing {
 public:
  KeyRing(const Key& master, std::unique_ptr<KeyStore> store);

  /// Keyed hash, so that the id tells nothing of its parts. Never that of a key that was destroyed on request: what is said afterwards gets
  /// another.
  std::string key_id(std::string_view subject, std::string_view conversation, std::int64_t day) const;
  /// The key, made if it is new. New keys are durable only after commit_new().
  Result<Key> obtain(const std::string& id);
  Result<void> commit_new();
  void forget_new();
  /// nullopt when it was destroyed.
  Result<std::optional<Key>> find(const std::string& id) const;
  /// Those of `ids` that there still are.
  Result<std::vector<std::string>> existing(std::vector<std::string> ids) const;
  enum class Reuse { kNever, kNotNeeded };
  /// kNotNeeded: no text will be sealed under these ids any more (their days are over). Returns how many there were.
  Result<std::size_t> destroy(const std::vector<std::string>& ids, Reuse reuse);

 private:
  Result<std::optional<Key>> load(const std::string& id) const;

  const Key wrapping_key_;
  const Key naming_key_;
  mutable std::mutex mutex_;
  std::unique_ptr<KeyStore> store_;
  mutable std::unordered_map<std::string, Key> cache_;
  std::map<std::string, Key> new_;
  std::unordered_set<std::string> retired_;  ///< destroyed on request
};

std::unique_ptr<KeyStore> make_memory_key_store();

/// Reads the master key: from the environment variable STEWARD_MASTER_KEY (64 hex digits), else from `path`, which is
/// made with a new random key (mode 0600) when it does not exist and `create` is asked for.
enum class CreateKey { kNo, kYes };
Result<Key> load_master_key(const std::string& path, CreateKey create);

}  // namespace steward::ledger
