#include "steward/ledger/keys.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "steward/core/files.h"
#include "steward/ledger/row.h"

namespace steward::ledger {
namespace {

constexpr std::size_t kCachedKeysMax = 16'384;

class MemoryKeyStore final : public KeyStore {
 public:
  Result<void> put(const std::vector<std::pair<std::string, std::string>>& wrapped_by_id) override {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, wrapped] : wrapped_by_id) keys_[id] = wrapped;
    return {};
  }
  Result<std::optional<std::string>> get(std::string_view id) const override {
    const std::lock_guard lock(mutex_);
    const auto found = keys_.find(id);
    if (found == keys_.end()) return std::optional<std::string>();
    return std::optional(found->second);
  }
  Result<std::size_t> destroy(const std::vector<std::string>& ids) override {
    const std::lock_guard lock(mutex_);
    std::size_t found = 0;
    for (const std::string& id : ids) found += keys_.erase(id);
    return found;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> keys_;
};

std::string_view view_of(const Key& key) { return {reinterpret_cast<const char*>(key.data()), key.size()}; }

Result<Key> key_from_hex(std::string_view text, std::string_view where) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  auto bytes = from_hex(text);
  Key key;
  if (!bytes || bytes->size() != key.size())
    return fail(ErrorCode::kInvalidInput, std::string(where) + " must hold 64 hexadecimal digits (openssl rand -hex 32)");
  std::copy(bytes->begin(), bytes->end(), key.begin());
  return key;
}

}  // namespace

KeyRing::KeyRing(const Key& master, std::unique_ptr<KeyStore> store)
    : wrapping_key_(derive_key(master, "steward/wrap/1")), naming_key_(derive_key(master, "steward/key-id/1")), store_(std::move(store)) {}

std::string KeyRing::key_id(std::string_view subject, std::string_view conversation, std::int64_t day) const {
  std::string name(subject);
  name += '\0';
  name += conversation;
  name += '\0';
  name += std::to_string(day);
  const std::lock_guard lock(mutex_);
  for (;;) {
    std::string id = hex(keyed_hash(naming_key_, name)).substr(0, 32);
    if (retired_.count(id) == 0) return id;
    name += '+';
  }
}

Result<std::optional<Key>> KeyRing::load(const std::string& id) const {
  if (const auto cached = cache_.find(id); cached != cache_.end()) return std::optional(cached->second);
  const auto wrapped = TRY(store_->get(id));
  if (!wrapped) return std::optional<Key>();
  const auto opened = TRY(unseal(wrapping_key_, id, *wrapped));
  Key key;
  if (opened.size() != key.size()) return fail(ErrorCode::kInternal, "a stored data key has the wrong length");
  std::copy(opened.begin(), opened.end(), key.begin());
  if (cache_.size() >= kCachedKeysMax) cache_.clear();
  cache_[id] = key;
  return std::optional(key);
}

Result<Key> KeyRing::obtain(const std::string& id) {
  const std::lock_guard lock(mutex_);
  if (const auto found = new_.find(id); found != new_.end()) return found->second;
  if (const auto known = TRY(load(id))) return *known;
  return new_.emplace(id, random_key()).first->second;
}

Result<void> KeyRing::commit_new() {
  const std::lock_guard lock(mutex_);
  if (new_.empty()) return {};
  std::vector<std::pair<std::string, std::string>> wrapped;
  for (const auto& [id, key] : new_) wrapped.emplace_back(id, seal(wrapping_key_, id, view_of(key)));
  TRY(store_->put(wrapped));
  if (cache_.size() + new_.size() > kCachedKeysMax) cache_.clear();
  for (const auto& [id, key] : new_) cache_[id] = key;
  new_.clear();
  return {};
}

void KeyRing::forget_new() {
  const std::lock_guard lock(mutex_);
  new_.clear();
}

Result<std::optional<Key>> KeyRing::find(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  return load(id);
}

Result<std::vector<std::string>> KeyRing::existing(std::vector<std::string> ids) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  for (std::string& id : ids)
    if (TRY(store_->get(id))) out.push_back(std::move(id));
  return out;
}

Result<std::size_t> KeyRing::destroy(const std::vector<std::string>& ids, Reuse reuse) {
  const std::lock_guard lock(mutex_);
  for (const std::string& id : ids) {
    cache_.erase(id);
    new_.erase(id);
    if (reuse == Reuse::kNever) retired_.insert(id);
  }
  return store_->destroy(ids);
}

std::unique_ptr<KeyStore> make_memory_key_store() { return std::make_unique<MemoryKeyStore>(); }

Result<Key> load_master_key(const std::string& path, CreateKey create) {
  if (const char* given = std::getenv("STEWARD_MASTER_KEY")) return key_from_hex(given, "STEWARD_MASTER_KEY");
  if (!std::filesystem::exists(path)) {
    if (create == CreateKey::kNo)
      return fail(ErrorCode::kNotFound, "no master key at " + path + ": set STEWARD_MASTER_KEY or put the key file back");
    std::error_code error;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
    const Key key = random_key();
    TRY(write_file_atomic(path, hex(key) + "\n", 0600));
    return key;
  }
  const std::string text = TRY(read_file(path, 4096));
  return key_from_hex(text, path);
}

}  // namespace steward::ledger
