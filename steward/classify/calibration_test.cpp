#include <cmath>
#include <filesystem>

#include <gtest/gtest.h>

#include "steward/classify/calibration.h"
#include "steward/core/files.h"
#include "steward/core/random.h"

namespace steward::classify {
namespace {

TEST(Calibration, PlattFindsTheLineThatMadeTheData) {
  Random random(std::uint64_t{3});
  const Platt truth{2, -1};
  std::vector<Scored> rows;
  for (std::size_t i = 0; i < 20000; ++i) {
    const double score = random.uniform() * 6 - 3;
    rows.push_back({score, random.uniform() < truth(score), i});
  }
  const Platt found = fit_platt(rows);
  EXPECT_NEAR(found.slope, 2, 0.1);
  EXPECT_NEAR(found.intercept, -1, 0.1);
}

TEST(Calibration, PlattStaysFiniteWhenALineDividesTheClasses) {
  std::vector<Scored> rows;
  for (std::size_t i = 0; i < 50; ++i) rows.push_back({i < 25 ? -50.0 : 50.0, i >= 25, i});
  const Platt found = fit_platt(rows);
  EXPECT_TRUE(std::isfinite(found.slope) && std::isfinite(found.intercept));
  EXPECT_GT(found(50), 0.9);
  EXPECT_LT(found(-50), 0.1);
}

TEST(Calibration, ABudgetIsNeverExceeded) {
  std::vector<double> scores;
  for (int i = 0; i < 1000; ++i) scores.push_back(i);
  const BenignCurve curve(scores);
  const auto above = [&](double budget) {
    return std::count_if(scores.begin(), scores.end(), [&](double s) { return s >= curve.score_at(budget); });
  };
  EXPECT_EQ(above(0.01), 10);
  EXPECT_EQ(above(0.015), 10);  // between kept rates: the stricter one
  EXPECT_EQ(above(0.0001), 0);
  EXPECT_EQ(above(0), 0);
}

TEST(Calibration, FilesGiveBackWhatWasWritten) {
  Calibration calibration;
  calibration.scores_of = "abc";
  calibration.budget = 0.002;
  calibration.languages = {"en", "de"};
  LabelCalibration& toxic = calibration.labels["toxic"];
  toxic.platt = {1.5, 0.25};
  toxic.gate = -2.5;
  toxic.languages = {"de"};
  calibration.traffic = {1500, 0.95};
  toxic.benign["*"] = BenignCurve(std::vector<double>(500, 1.0));
  toxic.benign["de"] = BenignCurve(std::vector<double>(10, 9.0));
  const std::string path = (std::filesystem::temp_directory_path() / ("steward-calibration-" + std::to_string(::getpid()))).string();
  ASSERT_TRUE(write_calibration(path, calibration));
  const auto back = read_calibration(path);
  ASSERT_TRUE(write_file_atomic(path, R"({"budget":0,"languages":[],"labels":{"nonsense":{}}})"));
  const auto bad = read_calibration(path);
  std::filesystem::remove(path);
  ASSERT_TRUE(back) << back.error().message;
  const LabelCalibration& label = back->labels.at("toxic");
  EXPECT_EQ(label.platt.slope, 1.5);
  EXPECT_EQ(label.gate, -2.5);
  EXPECT_EQ(label.languages, (std::vector<std::string>{"de"}));
  EXPECT_EQ(back->traffic->texts, 1500u);
  EXPECT_EQ(digest_of(*back), digest_of(calibration));
  EXPECT_EQ(back->languages, (std::vector<std::string>{"en", "de"}));
  EXPECT_EQ(Calibration::curve(label, "de").texts(), 500u);  // ten texts say nothing
  EXPECT_EQ(Calibration::curve(label, "fr").texts(), 500u);
  EXPECT_NE(bad.error().message.find("no label 'nonsense'"), std::string::npos);
}

}  // namespace
}  // namespace steward::classify
