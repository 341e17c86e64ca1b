#include <cmath>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "steward/classify/metrics.h"

namespace steward::classify {
namespace {

/// Scores best first, with their classes.
std::vector<Scored> ranked(const std::vector<bool>& classes) {
  std::vector<Scored> rows;
  for (std::size_t i = 0; i < classes.size(); ++i) rows.push_back({1 - static_cast<double>(i) / 100, classes[i], i});
  return rows;
}

TEST(Metrics, AveragePrecisionByHand) {
  // Precision 1/1 and 2/3 at the two positives.
  EXPECT_DOUBLE_EQ(average_precision(ranked({true, false, true, false})), (1.0 + 2.0 / 3.0) / 2);
  EXPECT_DOUBLE_EQ(average_precision(ranked({false, false})), 0);
}

TEST(Metrics, TiesAreOneStep) {
  const std::vector<Scored> rows = {{0.5, true, 0}, {0.5, false, 1}, {0.5, false, 2}, {0.5, true, 3}};
  EXPECT_DOUBLE_EQ(average_precision(rows), 0.5);
  EXPECT_DOUBLE_EQ(auroc(rows), 0.5);
  EXPECT_DOUBLE_EQ(recall_at_fpr(rows, 0.4), 0);
}

TEST(Metrics, AurocByHand) {
  EXPECT_DOUBLE_EQ(auroc(ranked({true, false, true, false})), 0.75);
  EXPECT_DOUBLE_EQ(auroc(ranked({true, true})), 0.5);
}

RC_GTEST_PROP(Metrics, AurocCountsPairs, (std::vector<std::pair<int, bool>> drawn)) {
  std::vector<Scored> rows;
  for (const auto& [score, positive] : drawn) rows.push_back({static_cast<double>(score % 5), positive, rows.size()});
  double pairs = 0, in_order = 0;
  for (const Scored& a : rows)
    for (const Scored& b : rows) {
      if (!a.positive || b.positive) continue;
      pairs += 1;
      in_order += a.score > b.score ? 1 : a.score == b.score ? 0.5 : 0;
    }
  RC_ASSERT(std::abs(auroc(rows) - (pairs == 0 ? 0.5 : in_order / pairs)) < 1e-12);
}

TEST(Metrics, RecallAtFalsePositiveRate) {
  const auto rows = ranked({true, true, false, true, false, true});
  EXPECT_DOUBLE_EQ(recall_at_fpr(rows, 0.49), 0.5);
  EXPECT_DOUBLE_EQ(recall_at_fpr(rows, 0.5), 0.75);
}

TEST(Metrics, ThresholdLeavesItsShareOfNegativesAbove) {
  std::vector<double> negatives;
  for (int i = 0; i < 200; ++i) negatives.push_back(i);
  const double threshold = threshold_at_fpr(negatives, 0.01);
  EXPECT_EQ(std::count_if(negatives.begin(), negatives.end(), [&](double x) { return x >= threshold; }), 2);
  EXPECT_TRUE(std::isinf(threshold_at_fpr({}, 0.01)));
}

TEST(Metrics, CalibrationError) {
  // Two bins: predicted 0.25 against 0.5 found, predicted 0.75 against 1 found.
  const std::vector<Scored> rows = {{0.25, true, 0}, {0.25, false, 1}, {0.75, true, 2}, {0.75, true, 3}};
  EXPECT_DOUBLE_EQ(expected_calibration_error(rows, 2), 0.25);
}

TEST(Metrics, F1) { EXPECT_DOUBLE_EQ(f1_at(ranked({true, false, true}), 0.985), 0.5); }

TEST(Metrics, BootstrapDrawsClustersAndRepeats) {
  std::vector<Scored> rows;
  for (std::size_t i = 0; i < 40; ++i) rows.push_back({static_cast<double>((i * 7) % 11), i % 3 == 0, i});
  const Interval apart = bootstrap(rows, auroc, 200);
  EXPECT_LT(apart.low, apart.value);
  EXPECT_GT(apart.high, apart.value);
  EXPECT_EQ(apart.low, bootstrap(rows, auroc, 200).low);
  for (Scored& row : rows) row.cluster = 7;  // one prompt: nothing to draw
  EXPECT_EQ(bootstrap(rows, auroc, 200).low, bootstrap(rows, auroc, 200).value);
}

}  // namespace
}  // namespace steward::classify
