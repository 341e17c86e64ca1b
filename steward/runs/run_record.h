#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "steward/core/clock.h"
#include "steward/core/json.h"
#include "steward/core/result.h"
#include "steward/ledger/sqlite/sqlite_ledger.h"

namespace steward::runs {

/// What a run is made from, as it begins.
struct RunBeginning {
  std::string folder;      ///< of the run
  std::string config;      ///< effective, YAML
  json::Object origin;     ///< of SessionOptions: digests of base and data, and what was read
  std::int64_t steps = 0;  ///< of the whole run
  std::int64_t step = 0;   ///< done: above 0 when it goes on
};

/// Tells the ledger of a product what a training run is made from and what it made (docs/formats/ledger.md). A run has one id, which stays
/// when it goes on: it stands in the run's folder.
class RunRecord {
 public:
  /// model_folders: where names of files in the configuration are looked up, beside the working directory.
  RunRecord(std::string recipe, ledger::SqliteLedgerOptions ledger, std::vector<std::string> model_folders)
      : recipe_(std::move(recipe)), ledger_(std::move(ledger)), model_folders_(std::move(model_folders)) {}

  /// Once the run's folder is there. Every file that the configuration names is an input, with its digest; the runs that made one of them
  /// are the run's parents. Errors: those of reading the files and of append_beside_writer().
  Result<void> began(const RunBeginning& beginning);
  /// Where it stands.
  void note(std::int64_t step, std::optional<std::int64_t> best_step, double best_value);
  /// How it ended: with the files of its folder and their digests, or with the error. Says nothing of a run that never began.
  Result<void> ended(const Result<void>& outcome);

  bool has_begun() const { return !id_.empty(); }
  const std::string& id() const { return id_; }

 private:
  Result<void> append(const std::string& kind, json::Object meta) const;
  Result<std::string> id_of(const std::string& folder) const;
  Result<json::Array> inputs_of(const RunBeginning& beginning) const;
  Result<json::Array> parents_of(const json::Array& inputs) const;

  const std::string recipe_;
  const ledger::SqliteLedgerOptions ledger_;
  const std::vector<std::string> model_folders_;
  const SystemClock clock_;
  std::string id_, folder_;
  std::int64_t step_ = 0;
  std::optional<std::int64_t> best_step_;
  double best_value_ = 0;
};

}  // namespace steward::runs
