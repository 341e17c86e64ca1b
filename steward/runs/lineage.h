#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "steward/core/json.h"
#include "steward/core/result.h"
#include "steward/ledger/ledger.h"

namespace steward::runs {

inline constexpr const char *kStartedKind = "training_started", *kEndedKind = "training_ended", *kFailedKind = "training_failed";

/// A training run as the ledger tells it.
struct RecordedRun {
  std::string id, recipe;
  std::int64_t started_us = 0, ended_us = 0;  ///< 0: it did not
  json::Object started;                       ///< meta of the last `training_started`
  json::Object ended;                         ///< meta of the last `training_ended` or `training_failed`; empty: neither
  bool failed = false;
};

/// Where a file comes from.
struct Origin {
  std::string path, sha256;
  const RecordedRun* run = nullptr;  ///< that made it, the last if there are several; null: none that the ledger knows
  struct Input {
    std::string key;  ///< of the configuration that names it
    std::unique_ptr<Origin> origin;
  };
  std::vector<Input> inputs;  ///< of the run
};

/// All training runs of a ledger, by what they made.
class Lineage {
 public:
  static Result<Lineage> read(const ledger::Ledger& ledger);

  /// Ids of the runs that made a file with this digest, the oldest first.
  std::vector<std::string> makers(const std::string& sha256) const;
  /// Follows a file to the run that made it, that run's inputs to theirs, and so on. path: for display. `run` points into this object.
  Origin trace(const std::string& path, const std::string& sha256) const;
  /// The runs that took in a file with this digest.
  std::vector<std::string> users(const std::string& sha256) const;

 private:
  Origin trace_beyond(const std::string& path, const std::string& sha256, std::vector<std::string>& above) const;
  void add(const ledger::StoredEvent& stored);

  std::map<std::string, RecordedRun> runs_;
  std::map<std::string, std::vector<std::string>> makers_, users_;
};

/// For people, a tree; and for programs (docs/formats/ledger.md).
std::string to_text(const Origin& origin);
json::Object to_json(const Origin& origin);

}  // namespace steward::runs
