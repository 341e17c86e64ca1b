#include "steward/runs/recorded.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include <fmt/format.h>

#include "steward/core/files.h"

namespace steward::runs {
namespace {

using ::testing::HasSubstr;

class RecordedFile : public ::testing::Test {
 protected:
  RecordedFile() : path_((std::filesystem::temp_directory_path() / fmt::format("steward_recorded_{}.jsonl", ::getpid())).string()) {
    std::filesystem::remove(path_);
  }
  ~RecordedFile() override { std::filesystem::remove(path_); }
  const std::string path_;
  const json::Object origin_{{"base", "abc"}, {"data", "def"}};
};

TEST_F(RecordedFile, GoesOnAfterItsLastWholeStretch) {
  {
    auto recorded = Recorded::open(path_, origin_);
    ASSERT_TRUE(recorded) << recorded.error().message;
    ASSERT_TRUE(recorded->append({{{"n", 1}, {"share", 0.1}}, {{"n", 2}}}));
    ASSERT_TRUE(recorded->append({{{"n", 3}}}));
  }
  const std::string whole = *read_file(path_);
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    ASSERT_TRUE(write_file_atomic(path_, whole.substr(0, cut)));
    auto recorded = Recorded::open(path_, origin_);
    ASSERT_TRUE(recorded) << recorded.error().message;
    if (recorded->stretches() < 1) ASSERT_TRUE(recorded->append({{{"n", 1}, {"share", 0.1}}, {{"n", 2}}}));
    if (recorded->stretches() < 2) ASSERT_TRUE(recorded->append({{{"n", 3}}}));
    ASSERT_EQ(*read_file(path_), whole) << "cut at " << cut;
    ASSERT_EQ(recorded->records().size(), 3u);
    EXPECT_EQ(recorded->records()[0].at("share").as_double(), 0.1);
  }
}

TEST_F(RecordedFile, OnlyWithItsOwnOrigin) {
  ASSERT_TRUE(Recorded::open(path_, origin_));
  const auto other = Recorded::open(path_, {{"base", "abc"}, {"data", "xyz"}});
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().message, HasSubstr("another data"));
  EXPECT_TRUE(Recorded::open(path_, origin_)) << "nothing was lost";
}

TEST_F(RecordedFile, ADamagedLineIsNamed) {
  ASSERT_TRUE(write_file_atomic(path_, json::dump_canonical(origin_) + "\n[{\"n\":1}]\n{\"n\":2}\n"));
  const auto damaged = Recorded::open(path_, origin_);
  ASSERT_FALSE(damaged);
  EXPECT_THAT(damaged.error().message, HasSubstr(":3"));
}

}  // namespace
}  // namespace steward::runs
