#pragma once

#include <string>
#include <vector>

#include "steward/core/result.h"

/// The training loops of steward-tune, one file each.
namespace steward::recipes {

struct Arguments {
  std::string config;                  ///< YAML file; empty: none
  std::vector<std::string> overrides;  ///< key=value
  bool resume = false;
  double until = 1;           ///< share of the steps after which it pauses
  bool print_config = false;  ///< the keys, what they mean and what they are; trains nothing
};

Result<void> classifier(const Arguments& arguments);
Result<void> sft(const Arguments& arguments);
Result<void> reward(const Arguments& arguments);
Result<void> dpo(const Arguments& arguments);

}  // namespace steward::recipes
