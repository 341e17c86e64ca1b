#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "steward/core/result.h"

namespace steward::runs {

/// Where a run's files stand:
///   config.yaml              the effective configuration
///   log.jsonl                one record a step
///   events.out.tfevents.…    the same for TensorBoard
///   checkpoints/step-N/      written as step-N.tmp, then renamed
///   best                     a link to the best checkpoint
///   report.html
class RunFolder {
 public:
  /// Makes the folder and writes the configuration. Errors: kInvalidInput if the folder holds a run, or checkpoints of one, already (resume
  /// it, or name another).
  static Result<RunFolder> create(const std::string& path, const std::string& config);
  /// A run to go on with. Errors: kNotFound; kInvalidInput that names the first differing line if `config` is not the run's own.
  static Result<RunFolder> resume(const std::string& path, const std::string& config);

  /// One that another process made and writes: to read from.
  static RunFolder of_another(const std::string& path) { return RunFolder(path); }

  const std::string& path() const { return path_; }
  std::string log_path() const { return path_ + "/log.jsonl"; }
  std::string events_path() const { return path_ + "/events.out.tfevents.0.steward"; }
  std::string config_path() const { return path_ + "/config.yaml"; }
  std::string report_path() const { return path_ + "/report.html"; }
  std::string best_path() const { return path_ + "/best"; }

  /// An empty folder to write a checkpoint into; what an earlier try left there is removed.
  Result<std::string> begin_checkpoint(std::int64_t step) const;
  /// Syncs its files and renames it: from now on it is the checkpoint of `step`. Replaces one that is there.
  Result<std::string> finish_checkpoint(std::int64_t step) const;
  std::string checkpoint_path(std::int64_t step) const;
  /// Steps of whole checkpoints, ascending.
  Result<std::vector<std::int64_t>> checkpoints() const;
  /// Points `best` at the checkpoint of `step`, in one step.
  Result<void> mark_best(std::int64_t step) const;
  std::optional<std::int64_t> best() const;
  /// Removes all checkpoints but the last `keep` and the best.
  Result<void> prune(std::size_t keep) const;

 private:
  explicit RunFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace steward::runs
