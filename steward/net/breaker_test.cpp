#include "steward/net/breaker.h"

#include <gtest/gtest.h>

namespace steward::net {
namespace {

TEST(Breaker, OpensTriesAndCloses) {
  ManualClock clock;
  Breaker breaker({3, std::chrono::seconds(10)}, clock);
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(breaker.may_ask());
    breaker.failed();
  }
  EXPECT_TRUE(breaker.may_ask());
  breaker.answered();  // the row is broken
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(breaker.may_ask());
    breaker.failed();
  }
  EXPECT_EQ(breaker.state(), Breaker::State::kOpen);
  EXPECT_FALSE(breaker.may_ask());
  EXPECT_EQ(breaker.wait(), std::chrono::seconds(10));
  clock.advance(std::chrono::seconds(10));
  EXPECT_TRUE(breaker.may_ask()) << "one request tries";
  EXPECT_FALSE(breaker.may_ask()) << "and only one";
  breaker.failed();
  EXPECT_FALSE(breaker.may_ask());
  clock.advance(std::chrono::seconds(10));
  EXPECT_TRUE(breaker.may_ask());
  breaker.abandoned();
  EXPECT_TRUE(breaker.may_ask()) << "nothing was learnt, so another tries";
  breaker.answered();
  EXPECT_EQ(breaker.state(), Breaker::State::kClosed);
}

TEST(Breaker, AClientThatLeavesIsNoFailure) {
  ManualClock clock;
  Breaker breaker({1, std::chrono::seconds(10)}, clock);
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(breaker.may_ask());
    breaker.abandoned();
  }
  EXPECT_EQ(breaker.state(), Breaker::State::kClosed);
}

}  // namespace
}  // namespace steward::net
