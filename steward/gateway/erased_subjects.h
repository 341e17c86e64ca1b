#pragma once

#include <cstdint>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>

namespace steward::gateway {

/// Whose texts were erased while turns of theirs may still be under way: what such a turn appends afterwards holds no text, or a new key
/// would seal it again. Thread-safe.
class ErasedSubjects {
 public:
  /// From now on (`now_ns`, steady), turns of `subject` that began before hold no text. Call it before the ledger erases.
  void add(const std::string& subject, std::int64_t now_ns) {
    const std::unique_lock lock(mutex_);
    std::erase_if(erased_, [&](const auto& entry) { return now_ns - entry.second > kKeptNs; });
    erased_[subject] = now_ns;
  }
  /// While it is held, no erasure begins: what is appended under it comes before.
  std::shared_lock<std::shared_mutex> hold() const { return std::shared_lock(mutex_); }
  /// Precondition: hold() is held.
  bool since(const std::string& subject, std::int64_t began_ns) const {
    const auto found = erased_.find(subject);
    return found != erased_.end() && found->second >= began_ns;
  }

 private:
  static constexpr std::int64_t kKeptNs = std::int64_t{3600} * 1'000'000'000;  ///< longer than any turn

  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, std::int64_t> erased_;
};

}  // namespace steward::gateway
