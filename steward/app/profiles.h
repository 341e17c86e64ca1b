#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "steward/app/product.h"
#include "steward/core/clock.h"
#include "steward/filters/models.h"
#include "steward/gateway/profiles.h"
#include "steward/guard/guard.h"

namespace steward::app {

/// The one table of filter kinds: a new filter is one folder and one line here. `models`: for those that ask one.
guard::FilterFactory filter_table(filters::Models models = {});

/// Where the filters of a policy file find their data.
guard::FilterEnvironment environment_of(const std::string& policy_path, const policy::Policy& policy);

/// Loads a policy file and makes its guard, which `models` must outlive. Errors name file, line and column.
Result<std::shared_ptr<const guard::Guard>> load_guard(const std::string& policy_path, const Clock& clock,
                                                       const filters::Models& models = {});

/// Loads the guards of a product into the gateway's profiles, again when their files change. Thread-safe.
class ProfileLoader {
 public:
  /// Called for each profile after a reload attempt: with the new guard, or with the error while the old one stays in force.
  using Observer = std::function<void(const std::string& profile, const Result<std::shared_ptr<const guard::Guard>>& loaded)>;

  /// What reloaded policies need, too. All of it outlives the loader and the profiles' guards.
  struct Needs {
    const Clock& clock;
    gateway::Profiles& profiles;
    filters::Models models = {};
  };
  /// Errors: the first policy that does not load.
  static Result<std::unique_ptr<ProfileLoader>> load(const Product& product, Needs needs);
  /// For products whose policies ask no models.
  static Result<std::unique_ptr<ProfileLoader>> load(const Product& product, const Clock& clock, gateway::Profiles& profiles) {
    return load(product, {clock, profiles});
  }
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
  explicit ProfileLoader(Needs needs) : needs_(std::move(needs)) {}
  void reload_entry(const std::string& name, Entry& entry, const Observer& observer);

  const Needs needs_;
  std::mutex mutex_;
  std::map<std::string, Entry> entries_;
};

}  // namespace steward::app
