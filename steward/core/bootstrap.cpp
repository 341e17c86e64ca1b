#include "steward/core/bootstrap.h"

#include <algorithm>
#include <cstdint>

#include "steward/core/random.h"

namespace steward {

Interval bootstrap(const std::vector<std::vector<std::size_t>>& clusters, const std::function<double(std::span<const std::size_t>)>& metric,
                   int rounds) {
  std::vector<std::size_t> rows;
  for (const auto& members : clusters) rows.insert(rows.end(), members.begin(), members.end());
  Interval out;
  out.value = out.low = out.high = metric(rows);
  if (clusters.size() < 2 || rounds < 2) return out;
  std::vector<double> values;
  Random random(std::uint64_t{20261125});
  for (int round = 0; round < rounds; ++round) {
    rows.clear();
    for (std::size_t i = 0; i < clusters.size(); ++i) {
      const auto& members = clusters[random.below(clusters.size())];
      rows.insert(rows.end(), members.begin(), members.end());
    }
    values.push_back(metric(rows));
  }
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) { return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1) + 0.5)]; };
  out.low = at(0.025);
  out.high = at(0.975);
  return out;
}

Interval bootstrap_mean(std::span<const double> values, int rounds) {
  if (values.empty()) return {};
  std::vector<std::vector<std::size_t>> clusters(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) clusters[i] = {i};
  const auto mean = [&](std::span<const std::size_t> rows) {
    double sum = 0;
    for (const std::size_t row : rows) sum += values[row];
    return sum / static_cast<double>(rows.size());
  };
  return bootstrap(clusters, mean, rounds);
}

}  // namespace steward
