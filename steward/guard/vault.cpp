#include "steward/guard/vault.h"

#include <fmt/format.h>

namespace steward::guard {

std::string Vault::placeholder(std::string_view kind, std::string_view canonical, std::string_view value) {
  std::string key(kind);
  key += '\0';
  key += canonical;
  const std::lock_guard lock(mutex_);
  if (const auto known = by_value_.find(key); known != by_value_.end()) return known->second;
  auto counter = counts_.find(kind);
  if (counter == counts_.end()) counter = counts_.emplace(std::string(kind), 0).first;
  std::string name = fmt::format("[{}_{}]", kind, ++counter->second);
  by_value_.emplace(std::move(key), name);
  by_placeholder_.emplace(name, std::string(value));
  return name;
}

std::optional<std::string> Vault::restore(std::string_view placeholder) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_placeholder_.find(placeholder);
  if (found == by_placeholder_.end()) return std::nullopt;
  return found->second;
}

bool Vault::holds(std::string_view kind, std::string_view canonical) const {
  std::string key(kind);
  key += '\0';
  key += canonical;
  const std::lock_guard lock(mutex_);
  return by_value_.contains(key);
}

std::size_t Vault::size() const {
  const std::lock_guard lock(mutex_);
  return by_placeholder_.size();
}

}  // namespace steward::guard
