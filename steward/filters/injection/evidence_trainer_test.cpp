#include "steward/filters/injection/evidence_trainer.h"

#include <filesystem>

#include <gtest/gtest.h>
#include <unistd.h>

#include "steward/core/files.h"

namespace steward::filters {
namespace {

/// Attacks show the first two evidences, others the second and third; all speak at the beginning of a text.
struct Texts {
  std::vector<std::vector<Evidence>> evidence;
  std::vector<EvidenceRow> rows;

  explicit Texts(Voice speaker) {
    for (int i = 0; i < 40; ++i) {
      const bool attack = i % 2 == 0;
      evidence.push_back({{attack ? 0U : 2U, {0, 5}, speaker}, {1, {10, 20}, speaker}});
    }
    for (int i = 0; i < 40; ++i) rows.push_back({&evidence[static_cast<std::size_t>(i)], speaker, i % 2 == 0, 1});
  }
};

TEST(EvidenceTrainer, WeighsWhatTellsAttacksFromOthers) {
  for (const Voice speaker : {Voice::kUser, Voice::kData}) {
    const Texts texts(speaker);
    const EvidenceWeights weights = train_evidence(texts.rows);
    EXPECT_GT(weights.at(0, speaker), 1.5);
    EXPECT_LT(weights.at(1, speaker), weights.at(0, speaker));
    EXPECT_EQ(weights.at(2, speaker), 0) << "nothing speaks for a text";
    EXPECT_EQ(weights.of, train_evidence(texts.rows).of);
    const Voice other = speaker == Voice::kUser ? Voice::kData : Voice::kUser;
    EXPECT_EQ(weights.at(0, other), 0) << "it was never seen in that voice";
  }
}

TEST(EvidenceTrainer, DataInAUsersAttackTeachesNothingOfData) {
  Texts texts(Voice::kData);
  for (EvidenceRow& row : texts.rows) row.speaker = Voice::kUser;
  EXPECT_EQ(train_evidence(texts.rows).at(0, Voice::kData), 0);
}

TEST(EvidenceTrainer, FilesGiveBackWhatWasWritten) {
  const std::string path = (std::filesystem::temp_directory_path() / ("steward-evidence-" + std::to_string(::getpid()) + ".json")).string();
  const EvidenceWeights weights = train_evidence(Texts(Voice::kUser).rows);
  ASSERT_TRUE(write_evidence_weights(path, weights));
  const std::string bytes = *read_file(path);
  const auto read = read_evidence_weights(path);
  ASSERT_TRUE(read) << read.error().message;
  for (std::size_t number = 0; number < evidence_count(); ++number)
    EXPECT_NEAR(read->at(number, Voice::kUser), weights.at(number, Voice::kUser), 0.0005);
  ASSERT_TRUE(write_evidence_weights(path, *read));
  EXPECT_EQ(*read_file(path), bytes);
  for (const char* wrong : {"[]", "{}", R"({"user": {"nonsense": 1}, "data": {}})", R"({"user": {"trophy": -1}, "data": {}})"}) {
    ASSERT_TRUE(write_file_atomic(path, wrong));
    const auto result = read_evidence_weights(path);
    ASSERT_FALSE(result) << wrong;
    EXPECT_EQ(result.error().code, ErrorCode::kInvalidInput);
    EXPECT_NE(result.error().message.find(path), std::string::npos);
  }
  std::filesystem::remove(path);
  EXPECT_EQ(read_evidence_weights(path).error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace steward::filters
