#include "steward/classify/binomial.h"

#include <gtest/gtest.h>

namespace steward::classify {
namespace {

TEST(Binomial, GivesTheExactInterval) {
  const Interval some = exact_interval(3, 1000, 0.95);  // R: binom.test(3, 1000)
  EXPECT_NEAR(some.value, 0.003, 1e-12);
  EXPECT_NEAR(some.low, 0.000619, 1e-6);
  EXPECT_NEAR(some.high, 0.008742, 1e-6);
  const Interval none = exact_interval(0, 300, 0.95);  // high: 1 - 0.025^(1/300)
  EXPECT_EQ(none.low, 0);
  EXPECT_NEAR(none.high, 0.012220, 1e-6);
  EXPECT_EQ(exact_interval(5, 5, 0.95).high, 1);
}

TEST(Binomial, ABudgetNeedsEnoughRows) {
  EXPECT_EQ(rows_needed(0.01, 0.95), 299u);
  EXPECT_EQ(rows_needed(0.002, 0.95), 1497u);
  EXPECT_FALSE(hits_allowed(1496, 0.002, 0.95));
  EXPECT_EQ(hits_allowed(1497, 0.002, 0.95), 0u);
  EXPECT_FALSE(hits_allowed(0, 0.5, 0.95));
}

TEST(Binomial, AllowsTheMostHitsThatStillShowIt) {
  for (const std::size_t rows : {473u, 1000u, 20000u}) {
    for (const double share : {0.01, 0.02, 0.1}) {
      const auto hits = hits_allowed(rows, share, 0.95);
      ASSERT_TRUE(hits) << rows << " " << share;
      EXPECT_LE(upper_bound(*hits, rows, 0.95), share);
      EXPECT_GT(upper_bound(*hits + 1, rows, 0.95), share);
      EXPECT_LT(static_cast<double>(*hits), share * static_cast<double>(rows));
    }
  }
  EXPECT_EQ(hits_allowed(5, 0.99, 0.95), 4u);  // 0.95^(1/5) = 0.9898
}

}  // namespace
}  // namespace steward::classify
