#pragma once

#include <cmath>
#include <string_view>
#include <utility>

#include "steward/core/yaml.h"

namespace steward::filters {

/// Calibrated log-odds = slope · log-odds + intercept [Platt 1999].
struct Calibration {
  double slope = 1, intercept = 0;
  double probability(double log_odds) const { return 1 / (1 + std::exp(-(slope * log_odds + intercept))); }
};
/// The key `calibration: {slope, intercept}` of a filter's config, or what changes nothing. Errors: kInvalidInput with the place.
Result<Calibration> read_calibration(const yaml::Node& config);

/// A key of a filter's config. Errors: kInvalidInput with the place, for what is no number or out of range.
Result<double> number_or(const yaml::Node& config, std::string_view key, double fallback, std::pair<double, double> range);

}  // namespace steward::filters
