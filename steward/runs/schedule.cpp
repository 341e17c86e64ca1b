#include "steward/runs/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace steward::runs {

Result<Schedule::Kind> parse_schedule(std::string_view name) {
  if (name == "constant") return Schedule::Kind::kConstant;
  if (name == "linear") return Schedule::Kind::kLinear;
  if (name == "cosine") return Schedule::Kind::kCosine;
  return fail(ErrorCode::kInvalidInput, "a schedule is one of constant, linear, cosine");
}

double rate_at(const Schedule& schedule, std::int64_t step) {
  if (step < schedule.warmup_steps) return schedule.peak * static_cast<double>(step + 1) / static_cast<double>(schedule.warmup_steps);
  if (schedule.kind == Schedule::Kind::kConstant) return schedule.peak;
  const auto span = static_cast<double>(std::max<std::int64_t>(schedule.steps - 1 - schedule.warmup_steps, 1));
  const double t = std::min(static_cast<double>(step - schedule.warmup_steps) / span, 1.0);
  const double floor = schedule.peak * schedule.floor_share;
  const double share = schedule.kind == Schedule::Kind::kLinear ? 1 - t : (1 + std::cos(std::numbers::pi * t)) / 2;
  return floor + (schedule.peak - floor) * share;
}

}  // namespace steward::runs
