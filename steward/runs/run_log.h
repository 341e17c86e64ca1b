#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "steward/core/clock.h"
#include "steward/core/result.h"

namespace steward::runs {

/// What one step measured: names such as "loss", "rate", "validation/loss", "kl", "length/mean", in the order given.
struct StepRecord {
  std::int64_t step = 0;
  std::int64_t time_us = 0;  ///< since the Unix epoch
  std::vector<std::pair<std::string, double>> values;
};

/// The run's log: JSONL (`{"step": …, "time": …, name: value, …}`; null for a value that is no number) and the same as a TensorBoard event
/// file. One record a step, ascending, flushed to the system before append() returns.
class RunLog {
 public:
  /// Keeps the records up to `last_step` (-1: none), drops later ones and a line that was cut, and writes the event file anew from
  /// what was kept. Errors: kInternal; kInvalidInput if the log holds a line that is no record.
  static Result<RunLog> open(const std::string& log_path, const std::string& events_path, std::int64_t last_step, const Clock& clock);
  RunLog(RunLog&&) noexcept;
  ~RunLog();
  /// Errors: kInternal, such as a full disk; kInvalidInput if `step` is not above the last.
  Result<void> append(std::int64_t step, std::vector<std::pair<std::string, double>> values);
  /// All of them, those before a resume too.
  const std::vector<StepRecord>& records() const;

 private:
  struct Files;
  explicit RunLog(std::unique_ptr<Files> files);
  std::unique_ptr<Files> files_;
};

/// Errors: kNotFound; kInvalidInput with the line.
Result<std::vector<StepRecord>> read_log(const std::string& path);

}  // namespace steward::runs
