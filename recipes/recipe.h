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
Result<void> kto(const Arguments& arguments);
Result<void> ghost_attention(const Arguments& arguments);
Result<void> distill(const Arguments& arguments);
Result<void> ai_feedback(const Arguments& arguments);
Result<void> ai_revision(const Arguments& arguments);
Result<void> rejection(const Arguments& arguments);
Result<void> ppo(const Arguments& arguments);
Result<void> grpo(const Arguments& arguments);
Result<void> measure(const Arguments& arguments);

}  // namespace steward::recipes
