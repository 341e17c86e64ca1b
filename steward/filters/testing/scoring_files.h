#pragma once

#include <string>
#include <utility>
#include <vector>

#include "steward/filters/models.h"
#include "steward/guard/filter.h"
#include "steward/model/llama/scoring_model.h"
#include "steward/policy/testing/policy_files.h"

namespace steward::filters::testing {

/// A policy of one filter over the default model, which is fetched, and beside it heads of random numbers: a reward head, or one for each
/// label.
class ScoringFiles : public policy::testing::PolicyFiles {
 protected:
  using Make = Result<std::unique_ptr<guard::Filter>> (*)(const policy::FilterSpec&, const guard::FilterEnvironment&, const ScoringSource&);
  /// text: the policy, in which words are replaced. labels: of the heads.
  ScoringFiles(std::string text, Make make, std::string heads_file, std::vector<std::string> labels = {})
      : text_(std::move(text)), make_(make), heads_file_(std::move(heads_file)), labels_(std::move(labels)) {}
  void SetUp() override;

  using Words = std::vector<std::pair<std::string, std::string>>;
  /// The text with the second of each pair in the place of the first, and the base's path in that of BASE.
  std::string filled(Words words) const;
  guard::FilterEnvironment environment(const policy::Policy* policy) const { return {folder_.string(), "", policy, ""}; }
  Result<std::unique_ptr<guard::Filter>> make(const std::string& text) const;
  /// Of making the filter; "" if it was made.
  std::string error(const std::string& text) const;
  /// Guards with the filter over a model that is open already.
  guard::FilterFactory factory(std::shared_ptr<const model::ScoringModel> model) const;
  /// Other heads in the place of those that stand there.
  void replace_heads(const std::string& base_sha256, const std::vector<std::string>& labels) const;
  const std::string& base_sha256() const;

  model::ScoringOptions options_;

 private:
  const std::string text_;
  const Make make_;
  const std::string heads_file_;
  const std::vector<std::string> labels_;
};

}  // namespace steward::filters::testing
