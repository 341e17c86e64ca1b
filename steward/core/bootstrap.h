#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace steward {

struct Interval {
  double value = 0, low = 0, high = 0;
};

/// Percentile bootstrap, 95 %, that draws whole clusters [Field & Welsh 2007]; seeded, so that the same rows give the same interval.
/// clusters: indices of the rows that belong together (of one source text, say), in a fixed order. metric: of the rows of a sample, some of
/// which may stand there more than once. With fewer than two clusters or rounds the interval is the value alone.
Interval bootstrap(const std::vector<std::vector<std::size_t>>& clusters, const std::function<double(std::span<const std::size_t>)>& metric,
                   int rounds);

/// Of the mean of `values`, each a cluster of its own. An empty list gives zeros.
Interval bootstrap_mean(std::span<const double> values, int rounds);

}  // namespace steward
