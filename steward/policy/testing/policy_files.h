#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "steward/core/files.h"
#include "steward/policy/policy.h"

namespace steward::policy::testing {

/// A folder of policy files, for one test.
class PolicyFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(::testing::TempDir()) / ("policy-" + std::to_string(::getpid()));
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string write(const std::string& name, const std::string& text) const {
    const std::string path = (folder_ / name).string();
    EXPECT_TRUE(write_file_atomic(path, text));
    return path;
  }
  Result<std::shared_ptr<const Policy>> load(const std::string& text, const std::string& name = "p.yaml") const {
    return Policy::load(write(name, text), {STEWARD_SOURCE_DIR "/policies"});
  }
  /// The error without the folder's path, or "".
  std::string error(const std::string& text) const {
    const auto loaded = load(text);
    if (loaded) return "";
    std::string message = loaded.error().message;
    const std::string prefix = folder_.string() + "/";
    for (auto at = message.find(prefix); at != std::string::npos; at = message.find(prefix)) message.erase(at, prefix.size());
    return message;
  }
  std::shared_ptr<const Policy> must(const std::string& text, const std::string& name = "p.yaml") const {
    auto loaded = load(text, name);
    EXPECT_TRUE(loaded) << loaded.error().message;
    return loaded ? *loaded : nullptr;
  }
  std::filesystem::path folder_;
};

}  // namespace steward::policy::testing
