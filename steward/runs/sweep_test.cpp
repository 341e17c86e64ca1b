#include "steward/runs/sweep.h"

#include <gtest/gtest.h>

namespace steward::runs {
namespace {

TEST(Sweep, AGridHasAllCombinations) {
  const auto rate = parse_searched("optimizer.rate=[1e-5, 1e-4]"), rows = parse_searched("batch.rows=[2,4,8]");
  ASSERT_TRUE(rate && rows);
  const auto all = grid({*rate, *rows});
  ASSERT_EQ(all.size(), 6u);
  EXPECT_EQ(all[0], (Settings{"optimizer.rate=1e-5", "batch.rows=2"}));
  EXPECT_EQ(all[5], (Settings{"optimizer.rate=1e-4", "batch.rows=8"}));
  for (const char* wrong : {"rate", "=[1]", "rate=1", "rate=[]", "rate=[1,]", "rate=[1"}) EXPECT_FALSE(parse_searched(wrong)) << wrong;
}

TEST(Sweep, DrawsAreEvenInTheLogarithm) {
  const auto drawn = random_settings({{"rate", {"1e-6", "1e-2"}}, {"rows", {"1", "64"}}}, 400, 7);
  ASSERT_TRUE(drawn);
  int low = 0;
  for (const Settings& settings : *drawn) {
    const double rate = std::stod(settings[0].substr(5));
    EXPECT_TRUE(rate >= 1e-6 && rate <= 1e-2) << settings[0];
    EXPECT_EQ(settings[1].find('.'), std::string::npos) << settings[1];
    low += rate < 1e-4 ? 1 : 0;
  }
  EXPECT_NEAR(low, 200, 40);
  EXPECT_EQ(*drawn, *random_settings({{"rate", {"1e-6", "1e-2"}}, {"rows", {"1", "64"}}}, 400, 7));
  EXPECT_FALSE(random_settings({{"rate", {"0", "1"}}}, 1, 1));
  EXPECT_FALSE(random_settings({{"rate", {"2", "1"}}}, 1, 1));
  EXPECT_FALSE(random_settings({{"rate", {"1"}}}, 1, 1));
}

TEST(Sweep, TheBetterShareOfARungGoesOn) {
  const SweepOptions options{.rungs = 3, .survivors = 0.5};
  EXPECT_EQ(share_of_rung(options, 0), 0.25);
  EXPECT_EQ(share_of_rung(options, 2), 1);
  std::vector<Trial> trials;
  for (std::size_t i = 0; i < 5; ++i) trials.push_back({i, {}, 0.25, 5.0 - static_cast<double>(i), ""});
  trials[4].score.reset();  // it failed
  trials[2].share = 0.1;    // it is not there yet
  EXPECT_EQ(survivors(options, trials, 0.25), (std::vector<std::size_t>{3, 1}));
  EXPECT_EQ(survivors({.rungs = 3, .survivors = 0.5, .higher_is_better = true}, trials, 0.25), (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(ranked(options, trials).front().number, 3u);
  EXPECT_EQ(ranked(options, trials).back().number, 4u);
}

TEST(Sweep, ATrialComesBackFromItsLine) {
  const Trial trial{3, {"optimizer.rate=1e-5"}, 0.25, 1.5, ""};
  const auto back = read_trial(print_trial(trial));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->settings, trial.settings);
  EXPECT_EQ(back->score, trial.score);
  EXPECT_FALSE(read_trial(print_trial({1, {}, 1, std::nullopt, "out of memory"}))->score);
  EXPECT_FALSE(read_trial("{}"));
  EXPECT_NE(render_sweep("a <b>", "loss", {trial}).find("a &lt;b&gt;"), std::string::npos);
}

}  // namespace
}  // namespace steward::runs
