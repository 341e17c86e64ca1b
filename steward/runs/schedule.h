#pragma once

#include <cstdint>
#include <string_view>

#include "steward/core/result.h"

namespace steward::runs {

/// Learning rate by step.
struct Schedule {
  enum class Kind { kConstant, kLinear, kCosine };
  Kind kind = Kind::kCosine;
  double peak = 0;                ///< > 0
  double floor_share = 0;         ///< [0, 1]: of the peak, where linear and cosine end
  std::int64_t warmup_steps = 0;  ///< linear from peak / warmup to peak
  std::int64_t steps = 1;         ///< of the run, warm-up included
};

/// constant | linear | cosine. Errors: kInvalidInput.
Result<Schedule::Kind> parse_schedule(std::string_view name);

/// The rate of `step`, from 0. Warm-up: peak·(step+1)/warmup. Then with t = (step - warmup)/(steps - 1 - warmup), at most 1:
/// floor + (peak - floor)·(1 - t) or ·(1 + cos πt)/2 [Loshchilov & Hutter 2017, arXiv:1608.03983, eq. 5, one cycle].
double rate_at(const Schedule& schedule, std::int64_t step);

}  // namespace steward::runs
