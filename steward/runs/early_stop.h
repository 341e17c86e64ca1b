#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "steward/core/json.h"
#include "steward/core/result.h"

namespace steward::runs {

struct EarlyStopOptions {
  enum class Better { kLower, kHigher };
  Better better = Better::kLower;
  std::int64_t patience = 0;  ///< measurements without a new best before the run stops; 0: never stops
  double least_gain = 0;      ///< what a new best must gain, >= 0
};

/// Keeps which measurement was the best, and tells when to stop. Its state belongs in the checkpoint.
class EarlyStop {
 public:
  explicit EarlyStop(EarlyStopOptions options) : options_(options) {}

  struct Verdict {
    bool best = false;  ///< save this checkpoint as the best
    bool stop = false;
  };
  /// A value that is no number is never the best.
  Verdict observe(std::int64_t step, double value);
  std::optional<std::int64_t> best_step() const { return best_step_; }
  double best_value() const { return best_value_; }

  json::Object state() const;
  /// Errors: kInvalidInput if `state` is not what state() gave.
  Result<void> restore(const json::Object& state);

 private:
  EarlyStopOptions options_;
  std::optional<std::int64_t> best_step_;
  double best_value_ = std::numeric_limits<double>::quiet_NaN();
  std::int64_t since_best_ = 0;
};

}  // namespace steward::runs
