#include "steward/filters/calibration.h"

#include <fmt/format.h>

namespace steward::filters {

Result<Calibration> read_calibration(const yaml::Node& config) {
  Calibration out;
  const yaml::Node* calibration = config.find("calibration");
  if (!calibration) return out;
  TRY(yaml::check_keys(*calibration, {"slope", "intercept"}, "calibration"));
  out.slope = TRY(number_or(*calibration, "slope", 1, {0, 1000}));
  out.intercept = TRY(number_or(*calibration, "intercept", 0, {-1000, 1000}));
  return out;
}

Result<double> number_or(const yaml::Node& config, std::string_view key, double fallback, std::pair<double, double> range) {
  const yaml::Node* found = config.find(key);
  if (!found) return fallback;
  const double value = TRY(found->as_number());
  if (!(value >= range.first && value <= range.second))
    return yaml::fail_at(*found, fmt::format("{} is from {} to {}", key, range.first, range.second));
  return value;
}

}  // namespace steward::filters
