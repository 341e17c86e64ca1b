#pragma once

#include <cstddef>
#include <functional>
#include <span>

#include "steward/classify/metrics.h"

namespace steward::classify {

/// One row as two models score it.
struct PairedRow {
  double a = 0, b = 0;
  bool positive = false;
  std::size_t cluster = 0;  ///< rows of one source prompt share it
};

struct PairedResult {
  double a = 0, b = 0;
  Interval difference;  ///< b - a
};

/// `metric` of both, and their difference with a percentile bootstrap of 95 % that draws whole clusters, the same for both: what the rows
/// have in common cancels out. Seeded, so that the same rows give the same interval.
PairedResult compare_paired(std::span<const PairedRow> rows, const std::function<double(std::span<const Scored>)>& metric, int rounds);

}  // namespace steward::classify
