#include <cmath>
#include <filesystem>

#include <gtest/gtest.h>

#include "steward/classify/dense_head.h"
#include "steward/classify/dense_trainer.h"
#include "steward/core/files.h"
#include "steward/core/random.h"

namespace steward::classify {
namespace {

constexpr std::size_t kInputs = 4;
const std::string kTrunk(64, 'a');

/// `toxic` where exactly one of the first two inputs is above zero: no line divides them. `hate` is never known. Every third text has a
/// second window; if it is positive, only that one shows it.
struct World {
  std::vector<std::vector<float>> windows;
  std::vector<EmbeddedRow> rows;

  World() {
    Random random(std::uint64_t{5});
    for (int i = 0; i < 3000; ++i) {
      std::vector<float> x(kInputs);
      for (float& value : x) value = static_cast<float>(random.uniform() * 2 - 1) + 3;
      const bool positive = (x[0] > 3) != (x[1] > 3);
      if (i % 3 == 0) {
        const std::vector<float> quiet = {3.5F, 3.5F, 3, 3};
        x.insert(positive ? x.begin() : x.end(), quiet.begin(), quiet.end());
      }
      windows.push_back(x);
      EmbeddedRow row;
      row.targets.value[*label_index("toxic")] = positive ? 1 : 0;
      rows.push_back(row);
    }
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i].windows = windows[i];
  }
};

DenseOptions quick() {
  DenseOptions options;
  options.hidden = 32;
  options.epochs = 60;
  options.learning_rate = 5e-3F;
  return options;
}

TEST(Dense, LearnsWhatNoLineDivides) {
  const World world;
  const DenseWeights weights = train_dense(world.rows, kInputs, quick());
  const std::size_t toxic = *label_index("toxic");
  int right = 0;
  for (const auto& [a, b] : {std::pair{3.6F, 2.4F}, {2.4F, 3.6F}, {3.6F, 3.6F}, {2.4F, 2.4F}}) {
    const std::vector<float> x = {a, b, 3, 3};
    right += (score_dense(weights, x)[toxic] > 0) == (a != b) ? 1 : 0;
  }
  EXPECT_EQ(right, 4);
  EXPECT_TRUE(std::isnan(score_dense(weights, std::vector<float>(kInputs))[*label_index("hate")]));
}

TEST(Dense, FilesGiveBackWhatWasTrainedForOneTrunkAlone) {
  const World world;
  DenseOptions options = quick();
  options.epochs = 1;
  const DenseWeights weights = train_dense(world.rows, kInputs, options);
  const std::string path = (std::filesystem::temp_directory_path() / ("steward-dense-" + std::to_string(::getpid()))).string();
  ASSERT_TRUE(write_dense_head(path, weights, kTrunk));
  const auto head = DenseHead::open(path, kTrunk);
  const auto other = DenseHead::open(path, std::string(64, 'b'));
  ASSERT_TRUE(write_file_atomic(path, read_file(path)->substr(1)));
  const auto damaged = DenseHead::open(path, kTrunk);
  std::filesystem::remove(path);
  ASSERT_TRUE(head) << head.error().message;
  const std::vector<float> x = {1, 2, 3, 4};
  EXPECT_EQ((*head)->score(x)[*label_index("toxic")], score_dense(weights, x)[*label_index("toxic")]);
  EXPECT_NE(other.error().message.find("another encoder"), std::string::npos);
  EXPECT_NE(damaged.error().message.find("train them anew"), std::string::npos);
}

TEST(Dense, SameSeedSameWeights) {
  const World world;
  DenseOptions options = quick();
  options.epochs = 1;
  EXPECT_EQ(train_dense(world.rows, kInputs, options).w1, train_dense(world.rows, kInputs, options).w1);
}

}  // namespace
}  // namespace steward::classify
