#include "steward/classify/paired.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "steward/core/random.h"

namespace steward::classify {
namespace {

/// Rows of some clusters, for one model each.
struct Sample {
  std::vector<Scored> a, b;

  void add(const PairedRow& row) {
    a.push_back({row.a, row.positive, row.cluster});
    b.push_back({row.b, row.positive, row.cluster});
  }
};

}  // namespace

PairedResult compare_paired(std::span<const PairedRow> rows, const std::function<double(std::span<const Scored>)>& metric, int rounds) {
  std::map<std::size_t, std::vector<const PairedRow*>> by_cluster;
  Sample all;
  for (const PairedRow& row : rows) {
    by_cluster[row.cluster].push_back(&row);
    all.add(row);
  }
  std::vector<const std::vector<const PairedRow*>*> clusters;
  for (const auto& [id, members] : by_cluster) clusters.push_back(&members);
  PairedResult out{metric(all.a), metric(all.b), {}};
  out.difference.value = out.difference.low = out.difference.high = out.b - out.a;
  if (clusters.size() < 2 || rounds < 2) return out;
  std::vector<double> differences;
  Random random(std::uint64_t{20261125});
  for (int round = 0; round < rounds; ++round) {
    Sample sample;
    for (std::size_t i = 0; i < clusters.size(); ++i)
      for (const PairedRow* row : *clusters[random.below(clusters.size())]) sample.add(*row);
    differences.push_back(metric(sample.b) - metric(sample.a));
  }
  std::sort(differences.begin(), differences.end());
  const auto at = [&](double share) {
    return differences[static_cast<std::size_t>(share * static_cast<double>(differences.size() - 1) + 0.5)];
  };
  out.difference.low = at(0.025);
  out.difference.high = at(0.975);
  return out;
}

}  // namespace steward::classify
