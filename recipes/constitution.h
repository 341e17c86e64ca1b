#pragma once

#include <string>
#include <vector>

#include "steward/runs/fields.h"
#include "steward/tune/constitution.h"

namespace steward::recipes {

/// `constitution:` principles that a judge or a writer follows.
struct ConstitutionConfig {
  std::string file;  ///< principles; empty: made from the policy
  std::string policy = "policies/base.yaml";
};
void declare(runs::Fields& fields, ConstitutionConfig& config);

/// Reads a content policy; what it extends is looked up in STEWARD_POLICIES, or else in `policies`. Errors: of read_document().
Result<policy::Document> read_policy(const std::string& path);

/// Errors: of read_policy() and read_constitution(); kInvalidInput if there is no principle.
Result<std::vector<tune::Principle>> load_constitution(const ConstitutionConfig& config);

}  // namespace steward::recipes
