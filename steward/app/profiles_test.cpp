#include "steward/app/profiles.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "steward/core/files.h"
#include "steward/model/scripted/scripted_model.h"

namespace steward::app {
namespace {

namespace fs = std::filesystem;

const SystemClock& clock_of_tests() {
  static const SystemClock clock;
  return clock;
}

class Reload : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = fs::path(::testing::TempDir()).parent_path().string() + "/profiles-" + std::to_string(::getpid());
    fs::remove_all(directory_);
    fs::create_directories(directory_);
    write("1.0.0", "");
    product_.directory = directory_;
    product_.policies["default"] = path();
    auto loaded = ProfileLoader::load(product_, clock_of_tests(), profiles_);
    ASSERT_TRUE(loaded) << loaded.error().message;
    loader_ = std::move(*loaded);
  }
  void TearDown() override { fs::remove_all(directory_); }
  std::string path() const { return directory_ + "/policy.yaml"; }
  void write(const std::string& version, const std::string& more) const {
    ASSERT_TRUE(write_file_atomic(path(), "policy: {id: mine, version: " + version +
                                              ", owner: a@example.org, extends: steward/general-assistant@1}\n"
                                              "applies: {audience: [general], languages: [en], surfaces: [chat]}\n" +
                                              more));
  }
  /// What a look at the files brings: "default 1.0.1", "default error …", or "".
  std::string reload() {
    std::string out;
    loader_->reload_if_changed([&](const std::string& profile, const Result<std::shared_ptr<const guard::Guard>>& loaded) {
      out += profile + " " + (loaded ? (*loaded)->policy().version() : "error " + loaded.error().message);
    });
    return out;
  }
  std::string in_force() const { return profiles_.find("default")->policy().version(); }

  std::string directory_;
  Product product_;
  gateway::Profiles profiles_;
  std::unique_ptr<ProfileLoader> loader_;
};

TEST_F(Reload, AChangedFileComesIntoForce) {
  EXPECT_EQ(reload(), "") << "nothing changed";
  write("1.0.1", "");
  EXPECT_EQ(reload(), "default 1.0.1");
  EXPECT_EQ(in_force(), "1.0.1");
  EXPECT_EQ(reload(), "");
}

TEST_F(Reload, ABrokenFileLeavesTheLastGoodOne) {
  write("1.0.2", "categorys: []\n");
  const std::string told = reload();
  EXPECT_TRUE(told.starts_with("default error " + path() + ":3:1")) << told;
  EXPECT_EQ(in_force(), "1.0.0");
  EXPECT_EQ(reload(), "") << "told once";
  fs::remove(path());
  EXPECT_TRUE(reload().starts_with("default error"));
  EXPECT_EQ(in_force(), "1.0.0");
  write("1.0.3", "");
  EXPECT_EQ(reload(), "default 1.0.3");
}

TEST_F(Reload, ARuleThatDoesNotCompileIsRefusedWhole) {
  write("1.0.4",
        "categories: [{id: hate, definition: changed}]\nfilters:\n  - {name: mine, kind: pattern, config: {patterns: [{id: p, regex: '(', "
        "category: hate}]}}\n");
  EXPECT_TRUE(reload().starts_with("default error")) << "the filter fails after the policy was read";
  EXPECT_EQ(in_force(), "1.0.0");
}

/// Those who ask during reloads always get a whole guard, and one that they hold stays alive.
TEST_F(Reload, IsAtomicUnderReaders) {
  std::atomic<bool> stop{false};
  std::atomic<int> asked{0};
  std::thread reader([&] {
    while (!stop) {
      const auto guard = profiles_.find("default");
      const auto decision = guard->check_text({}, policy::Direction::kInput, "Write to jane.doe@example.org");
      EXPECT_EQ(decision.action, policy::Action::kRewrite);
      EXPECT_EQ(decision.policy_id, "mine");
      ++asked;
    }
  });
  for (int i = 0; i < 6; ++i) {
    write("2.0." + std::to_string(i), i % 2 ? "" : "nonsense: [\n");
    reload();
  }
  while (asked < 6) std::this_thread::yield();
  stop = true;
  reader.join();
  EXPECT_EQ(in_force(), "2.0.5");
}

/// A policy with a judge gets the product's model, at start and after a reload; without models it says what is needed.
TEST_F(Reload, AJudgeIsMadeWithTheProductsModel) {
  const auto judged = [this](const std::string& version, const std::string& model) {
    write(version, "filters:\n  - {name: judge, kind: judge, config: {model: " + model + ", categories: [hate]}}\n");
  };
  judged("2.0.0", "m");
  const auto without = load_guard(path(), clock_of_tests());
  ASSERT_FALSE(without);
  EXPECT_NE(without.error().message.find("--product DIR"), std::string::npos) << without.error().message;
  model::ScriptedModel model("m", [](const std::string&) { return model::Script{}; });
  gateway::Profiles profiles;
  const auto source = [&](const std::string& id) -> Result<model::LanguageModel*> {
    if (id != "m") return fail(ErrorCode::kNotFound, "the product has no model '" + id + "'; it has: m");
    return &model;
  };
  const auto loaded = ProfileLoader::load(product_, {clock_of_tests(), profiles, {source, nullptr}});
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_TRUE(profiles.find("default")->slow());
  std::string heard;
  const auto observer = [&](const std::string&, const Result<std::shared_ptr<const guard::Guard>>& one) {
    heard = one ? (*one)->policy().version() : one.error().message;
  };
  judged("2.0.1", "other");
  (*loaded)->reload(observer);
  EXPECT_NE(heard.find("no model 'other'; it has: m"), std::string::npos) << heard;
  EXPECT_EQ(profiles.find("default")->policy().version(), "2.0.0");
  judged("2.0.2", "m");
  (*loaded)->reload(observer);
  EXPECT_EQ(profiles.find("default")->policy().version(), "2.0.2");
}

}  // namespace
}  // namespace steward::app
