#include "steward/gateway/profiles.h"

#include <mutex>

#include "steward/core/check.h"

namespace steward::gateway {

void Profiles::set(const std::string& name, std::shared_ptr<const guard::Guard> guard) {
  STEWARD_CHECK(guard != nullptr && name != kRawProfile);
  const std::unique_lock lock(mutex_);
  guards_[name].swap(guard);
}

std::shared_ptr<const guard::Guard> Profiles::find(std::string_view name) const {
  const std::shared_lock lock(mutex_);
  const auto found = guards_.find(name);
  return found == guards_.end() ? nullptr : found->second;
}

std::vector<std::string> Profiles::names() const {
  const std::shared_lock lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, guard] : guards_) names.push_back(name);
  return names;
}

}  // namespace steward::gateway
