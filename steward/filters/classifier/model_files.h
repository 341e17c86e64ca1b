#pragma once

#include <string>

#include "steward/core/yaml.h"
#include "steward/guard/filter.h"

namespace steward::filters {

/// The files that a classifier's config names, as absolute or relative paths that exist.
struct ModelFiles {
  std::string folder;       ///< of linear.bin and heads.bin
  std::string calibration;  ///< a JSON file
  std::string encoder;      ///< a GGUF file; empty: the linear tier alone
};

/// Looks beside the policy, in the distribution, and among the models that set-up fetched. Errors: kInvalidInput with the place in the
/// policy.
Result<ModelFiles> find_model_files(const yaml::Node& config, const guard::FilterEnvironment& environment);

}  // namespace steward::filters
