#include "steward/classify/paired.h"

#include <gtest/gtest.h>

#include "steward/core/random.h"

namespace steward::classify {
namespace {

/// Rows whose two scores share most of their noise; b has `gain` more on positives.
std::vector<PairedRow> rows_with(double gain, double own_noise) {
  Random random(std::uint64_t{5});
  std::vector<PairedRow> rows;
  for (std::size_t i = 0; i < 600; ++i) {
    const bool positive = i % 3 == 0;
    const double both = (positive ? 1 : 0) + 3 * random.uniform();
    rows.push_back({both, both + (positive ? gain : 0) + own_noise * random.uniform(), positive, i / 2});
  }
  return rows;
}

TEST(Paired, ADifferenceShowsThoughEachIntervalIsWide) {
  const auto rows = rows_with(0.15, 0.05);
  const PairedResult result = compare_paired(rows, average_precision, 200);
  EXPECT_GT(result.difference.low, 0);
  EXPECT_NEAR(result.difference.value, result.b - result.a, 1e-12);
  std::vector<Scored> a, b;
  for (const PairedRow& row : rows) {
    a.push_back({row.a, row.positive, row.cluster});
    b.push_back({row.b, row.positive, row.cluster});
  }
  EXPECT_GT(bootstrap(a, average_precision, 200).high, bootstrap(b, average_precision, 200).low) << "unpaired, it would not";
}

TEST(Paired, TheSameScoresDifferByNothing) {
  const PairedResult result = compare_paired(rows_with(0, 0), auroc, 100);
  EXPECT_EQ(result.difference.low, 0);
  EXPECT_EQ(result.difference.high, 0);
  EXPECT_GT(result.a, 0.5);
}

TEST(Paired, OneClusterHasNoInterval) {
  std::vector<PairedRow> rows = rows_with(0.5, 0);
  for (PairedRow& row : rows) row.cluster = 0;
  const PairedResult result = compare_paired(rows, auroc, 100);
  EXPECT_EQ(result.difference.low, result.difference.high);
}

}  // namespace
}  // namespace steward::classify
