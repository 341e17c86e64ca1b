#include "steward/guard/vault.h"

namespace steward::guard {

std::string Vault::placeholder(std::string_view kind, std::string_view canonical, std::string_view value) {
  std::string key(kind);
  key += '\0';
  key += canonical;
  const std::lock_guard lock(mutex_);
  const auto [known, is_new] = by_value_.try_emplace(std::move(key));
  if (!is_new) return known->second;
  const int number = ++counts_.try_emplace(std::string(kind)).first->second;
  known->second = "[" + std::string(kind) + "_" + std::to_string(number) + "]";
  by_placeholder_.emplace(known->second, value);
  return known->second;
}

std::optional<std::string> Vault::restore(std::string_view placeholder) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_placeholder_.find(placeholder);
  return found == by_placeholder_.end() ? std::nullopt : std::optional(found->second);
}

bool Vault::knows(std::string_view kind, std::string_view canonical) const {
  std::string key(kind);
  key += '\0';
  key += canonical;
  const std::lock_guard lock(mutex_);
  return by_value_.contains(key);
}

std::size_t Vault::size() const {
  const std::lock_guard lock(mutex_);
  return by_value_.size();
}

}  // namespace steward::guard
