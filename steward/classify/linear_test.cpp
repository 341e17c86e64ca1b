#include <cmath>
#include <filesystem>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "steward/classify/linear_model.h"
#include "steward/classify/linear_trainer.h"
#include "steward/core/files.h"

namespace steward::classify {
namespace {

std::string file_of_this_test() {
  return (std::filesystem::temp_directory_path() / ("steward-linear-" + std::to_string(::getpid()) + ".bin")).string();
}

/// "weapons" is about swords, "toxic" about trolls; weapons is unknown in texts on trolls.
std::vector<TrainingRow> small_world() {
  const std::size_t weapons = *label_index("weapons"), toxic = *label_index("toxic");
  std::vector<TrainingRow> rows;
  for (int i = 0; i < 60; ++i) {
    const std::string number = std::to_string(i);
    TrainingRow sword{feature_rows("he swings a sword number " + number), {}, 1};
    sword.targets.value[weapons] = 1;
    TrainingRow bread{feature_rows("he bakes a bread number " + number), {}, 1};
    bread.targets.value[weapons] = 0;
    bread.targets.value[toxic] = 0;
    TrainingRow troll{feature_rows("such a troll you are " + number), {}, 1};
    troll.targets.value[toxic] = 1;
    rows.insert(rows.end(), {sword, bread, troll});
  }
  return rows;
}

std::unique_ptr<const LinearModel> trained(std::uint64_t seed = 1) {
  LinearOptions options;
  options.evidence_min = 20;
  options.seed = seed;
  const std::string path = file_of_this_test();
  EXPECT_TRUE(write_linear_model(path, train_linear(small_world(), options)));
  auto model = LinearModel::open(path);
  std::filesystem::remove(path);
  return std::move(model).value();
}

TEST(Linear, LearnsWhatIsKnownAndHasNoHeadWithoutEvidence) {
  const auto model = trained();
  const std::size_t weapons = *label_index("weapons"), toxic = *label_index("toxic"), hate = *label_index("hate");
  EXPECT_GT(model->score("he swings a sword today")[weapons], 0);
  EXPECT_LT(model->score("he bakes a bread today")[weapons], 0);
  EXPECT_GT(model->score("what a troll")[toxic], 0);
  EXPECT_FALSE(model->has(hate));
  EXPECT_TRUE(std::isnan(model->score("he")[hate]));
}

TEST(Linear, ExplainsItself) {
  const std::string text = "yesterday he swings a sword at noon";
  const auto spans = trained()->explain(text, *label_index("weapons"), 2);
  ASSERT_FALSE(spans.empty());
  EXPECT_NE(text.substr(spans[0].begin, spans[0].size()).find_first_of("sw"), std::string::npos);
  EXPECT_TRUE(spans[0].begin >= text.find("swings") && spans[0].end <= text.find(" at noon")) << spans[0].begin << " " << spans[0].end;
}

TEST(Linear, SameSeedSameBytes) {
  EXPECT_EQ(trained(3)->digest(), trained(3)->digest());
  EXPECT_NE(trained(3)->digest(), trained(4)->digest());
}

TEST(Linear, RefusesOtherFiles) {
  const std::string path = file_of_this_test();
  ASSERT_TRUE(write_file_atomic(path, "no model"));
  const auto model = LinearModel::open(path);
  std::filesystem::remove(path);
  ASSERT_FALSE(model);
  EXPECT_NE(model.error().message.find("train it anew"), std::string::npos);
  EXPECT_EQ(LinearModel::open("/nowhere/model.bin").error().code, ErrorCode::kNotFound);
}

RC_GTEST_PROP(Features, SpansAreWholeAndRowsAreOnce, (std::vector<std::uint8_t> picks)) {
  static const char* const kParts[] = {"word", "ä", " ", "-", "字", "ไทย", "x1", "  ", "!", "й"};
  std::string text;
  for (const std::uint8_t pick : picks) text += kParts[pick % std::size(kParts)];
  FeatureReader reader;
  std::vector<bool> seen(kFeatureRows);
  const std::vector<Feature> first = reader.read(text);
  for (const Feature& feature : first) {
    RC_ASSERT(feature.row < kFeatureRows && !seen[feature.row]);
    seen[feature.row] = true;
    RC_ASSERT(feature.span.begin < feature.span.end && feature.span.end <= text.size());
  }
  RC_ASSERT(reader.read(text).size() == first.size());  // nothing is left over from the text before
}

}  // namespace
}  // namespace steward::classify
