#pragma once

#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "steward/guard/guard.h"

namespace steward::gateway {

/// The profile that has no guard and needs a permission.
inline constexpr std::string_view kRawProfile = "raw";

/// The guards in force, by profile name. Thread-safe: a reload swaps one guard, and turns under way keep the one that they began with.
class Profiles {
 public:
  /// Precondition: `name` is not "raw" and `guard` is not null.
  void set(const std::string& name, std::shared_ptr<const guard::Guard> guard);
  /// Null if there is none of that name.
  std::shared_ptr<const guard::Guard> find(std::string_view name) const;
  std::vector<std::string> names() const;

 private:
  mutable std::shared_mutex mutex_;
  std::map<std::string, std::shared_ptr<const guard::Guard>, std::less<>> guards_;  // shared with turns under way
};

}  // namespace steward::gateway
