#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "steward/guard/filter.h"
#include "steward/guard/testing/table_policy.h"

namespace steward::filters::testing {

using Make = Result<std::unique_ptr<guard::Filter>> (*)(const policy::FilterSpec&, const guard::FilterEnvironment&);

/// One filter outside a guard, for tests: config in, findings out. Aborts if the filter cannot be made.
class FilterUnderTest {
 public:
  FilterUnderTest(Make make, const std::string& kind, const std::string& config_yaml,
                  const std::string& directory = STEWARD_SOURCE_DIR "/policies");
  std::vector<guard::Finding> scan(std::string_view text, const std::string& language = "en",
                                   policy::Direction direction = policy::Direction::kInput, const std::string& role = "user",
                                   guard::Vault* vault = nullptr) const;
  /// The original text of each finding, in order.
  std::vector<std::string> spans(std::string_view text, const std::string& language = "en",
                                 policy::Direction direction = policy::Direction::kInput) const;
  bool finds(std::string_view text, const std::string& language = "en") const { return !spans(text, language).empty(); }
  /// guard::check_stream_invariance of an output guard with this filter alone, whose findings are ruled by `action`: "" when it holds.
  std::string stream_fault(const std::string& text, policy::Action action, int cuts, std::uint64_t seed,
                           const std::string& language = "en");
  guard::testing::TablePolicy& policy() { return policy_; }
  /// How the policy wires it in stream_fault().
  policy::FilterSpec& spec() { return spec_; }

 private:
  Make make_;
  policy::FilterSpec spec_;
  std::string directory_;
  guard::testing::TablePolicy policy_;
  std::unique_ptr<guard::Filter> filter_;
};

/// The error of a filter that must not be made, or "".
std::string error_of(Make make, const std::string& kind, const std::string& config_yaml,
                     const std::string& directory = STEWARD_SOURCE_DIR "/policies");

/// The objects of a JSONL file below cases/. Aborts if it cannot be read.
std::vector<json::Object> read_cases(const std::string& path);
std::string text_of(const json::Object& object, std::string_view key);

}  // namespace steward::filters::testing
