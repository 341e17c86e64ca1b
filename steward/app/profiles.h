#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "steward/app/product.h"
#include "steward/core/clock.h"
#include "steward/gateway/profiles.h"
#include "steward/guard/guard.h"

namespace steward::app {

/// The one table of filter kinds: a new filter is one folder and one line here.
guard::FilterFactory filter_table();

/// Loads a policy file and makes its guard. Errors name file, line and column.
Result<std::shared_ptr<const guard::Guard>> load_guard(const std::string& policy_path, const Clock& clock);

/// Loads the guards of a product into the gateway's profiles, again when their files change. Thread-safe.
class ProfileLoader {
 public:
  /// Called for each profile after a reload attempt: with the new guard, or with the error while the old one stays in force.
  using Observer = std::function<void(const std::string& profile, const Result<std::shared_ptr<const guard::Guard>>& loaded)>;

  /// `profiles` and `clock` outlive it. Errors: the first policy that does not load.
  static Result<std::unique_ptr<ProfileLoader>> load(const Product& product, const Clock& clock, gateway::Profiles& profiles);
  /// Loads every profile again; each that compiles replaces the one in force at once, each that does not is left as it was.
  void reload(const Observer& observer);
  /// Reloads if any file's size or time of change differs from when it was last read.
  void reload_if_changed(const Observer& observer);

 private:
  struct Entry {
    std::string path;
    std::string stamp;               ///< of the files as last read
    std::vector<std::string> files;  ///< of the policy in force
  };
  ProfileLoader(const Clock& clock, gateway::Profiles& profiles) : clock_(clock), profiles_(profiles) {}
  void reload_entry(const std::string& name, Entry& entry, const Observer& observer);

  const Clock& clock_;
  gateway::Profiles& profiles_;
  std::mutex mutex_;
  std::map<std::string, Entry> entries_;
};

}  // namespace steward::app
