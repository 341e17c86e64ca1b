#include "steward/app/encoders.h"

#include <cstdlib>
#include <filesystem>
#include <set>

#include "steward/app/profiles.h"
#include "steward/filters/classifier/scorer.h"
#include "steward/policy/testing/policy_files.h"

namespace steward::app {
namespace {

namespace fs = std::filesystem;

class SharedEncoders : public policy::testing::PolicyFiles {
 protected:
  static std::string file() {
    const char* models = std::getenv("STEWARD_MODELS_DIR");
    return std::string(models ? models : "") + "/minilm-l6.gguf";
  }
};

TEST_F(SharedEncoders, OneForAFileAndAWayOfReading) {
  Encoders encoders;
  const auto first = encoders.open(file(), {});
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(encoders.open(file(), {}).value(), *first);
  EXPECT_NE(encoders.open(file(), {.layers = 2}).value(), *first);
  const std::string copy = write("copy.gguf", "");
  fs::copy_file(file(), copy, fs::copy_options::overwrite_existing);
  EXPECT_EQ(encoders.open(copy, {}).value(), *first) << "the same file elsewhere";
  EXPECT_FALSE(encoders.open(copy + ".none", {}));
}

TEST_F(SharedEncoders, AreClosedWithTheirLastReader) {
  Encoders encoders;
  std::weak_ptr<const model::Encoder> first = encoders.open(file(), {}).value();
  EXPECT_TRUE(first.expired());
  const auto again = encoders.open(file(), {});
  ASSERT_TRUE(again) << again.error().message;
}

/// Two policies with the shipped classifier, loaded and loaded again, read with one trunk.
TEST_F(SharedEncoders, AllProfilesReadWithOne) {
  const SystemClock clock;
  Encoders encoders;
  std::set<const model::Encoder*> given;
  int asked = 0;
  filters::Models models;
  models.encoders = [&](const std::string& path, const model::EncoderOptions& options) -> Result<std::shared_ptr<const model::Encoder>> {
    auto encoder = TRY(encoders.open(path, options));
    given.insert(encoder.get());
    ++asked;
    return encoder;
  };
  const std::string shipped = shipped_policies_dir();
  const auto adults = load_guard(shipped + "/general-assistant.yaml", clock, models);
  ASSERT_TRUE(adults) << adults.error().message;
  const auto teens = load_guard(shipped + "/teen.yaml", clock, models);
  ASSERT_TRUE(teens) << teens.error().message;
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(given.size(), 1u);
}

}  // namespace
}  // namespace steward::app
