#include "steward/runs/early_stop.h"

#include <cmath>

namespace steward::runs {

EarlyStop::Verdict EarlyStop::observe(std::int64_t step, double value) {
  const bool higher = options_.better == EarlyStopOptions::Better::kHigher;
  const double gain = higher ? value - best_value_ : best_value_ - value;
  // Without gain asked for, an equal value is no new best: the earlier checkpoint stays.
  const bool best = std::isfinite(value) && (!best_step_ || (options_.least_gain > 0 ? gain >= options_.least_gain : gain > 0));
  if (best) {
    best_step_ = step;
    best_value_ = value;
    since_best_ = 0;
  } else {
    ++since_best_;
  }
  return {best, options_.patience > 0 && since_best_ >= options_.patience};
}

json::Object EarlyStop::state() const {
  json::Object out{{"since_best", since_best_}};
  if (best_step_) {
    out["best_step"] = *best_step_;
    out["best_value"] = best_value_;
  }
  return out;
}

Result<void> EarlyStop::restore(const json::Object& state) {
  const auto since = TRY(json::get_integer(state, "since_best"));
  const auto step = TRY(json::get_integer(state, "best_step"));
  const auto value = TRY(json::get_number(state, "best_value"));
  if (!since || *since < 0 || step.has_value() != value.has_value())
    return fail(ErrorCode::kInvalidInput, "the state of early stopping is damaged: resume from an older checkpoint");
  since_best_ = *since;
  best_step_ = step;
  best_value_ = value.value_or(std::numeric_limits<double>::quiet_NaN());
  return {};
}

}  // namespace steward::runs
