#pragma once

#include <string>
#include <vector>

#include "steward/core/result.h"

namespace steward::recipes {

struct RecipeCall {
  std::string config;                ///< YAML file; empty: all defaults
  std::vector<std::string> changes;  ///< "key=value", over the file
  std::string out;                   ///< folder of the run
  bool resume = false;
};

/// Fine-tunes the encoder behind the learned detection, and its heads (recipes/classifier.yaml explains the keys). The run's folder gets
/// trunk.gguf and heads.bin, which `steward classify` and the filter `classifier` read.
/// Errors: kInvalidInput of the configuration or the files; kInternal.
Result<void> run_classifier(const RecipeCall& call);

}  // namespace steward::recipes
