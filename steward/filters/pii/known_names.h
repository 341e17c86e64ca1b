#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "steward/guard/vault.h"

namespace steward::filters::pii {

/// Names that were introduced, in this text or earlier in the conversation, so that they are known where nothing introduces them.
class KnownNames {
 public:
  KnownNames() = default;
  /// `vault`: of the conversation; may be null, else outlives it.
  explicit KnownNames(const guard::Vault* vault) : vault_(vault != nullptr && vault->size() > 0 ? vault : nullptr) {}

  bool empty() const { return vault_ == nullptr && own_.empty(); }
  void add(std::string canonical) {
    if (own_.size() < kNamesMax) own_.push_back(std::move(canonical));
  }
  /// False if no known name begins with `word`; a vault is not asked.
  bool may_begin(std::string_view word) const {
    for (const std::string& name : own_)
      if (name.starts_with(word)) return true;
    return vault_ != nullptr;
  }
  bool has(std::string_view canonical) const {
    for (const std::string& name : own_)
      if (name == canonical) return true;
    return vault_ != nullptr && vault_->knows("NAME", canonical);
  }

 private:
  static constexpr std::size_t kNamesMax = 64;

  const guard::Vault* vault_ = nullptr;
  std::vector<std::string> own_;
};

}  // namespace steward::filters::pii
