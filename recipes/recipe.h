#pragma once

#include <string>
#include <vector>

#include "steward/core/result.h"
#include "steward/runs/run_record.h"

/// The training loops of steward-tune, one file each.
namespace steward::recipes {

struct Arguments {
  std::string config;                  ///< YAML file; empty: none
  std::vector<std::string> overrides;  ///< key=value
  bool resume = false;
  double until = 1;                   ///< share of the steps after which it pauses
  bool print_config = false;          ///< the effective configuration with what each key means; trains nothing
  runs::RunRecord* record = nullptr;  ///< for SessionOptions: the ledger of the product that the run is for; null: none
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
Result<void> answers(const Arguments& arguments);
Result<void> rejection(const Arguments& arguments);
Result<void> ppo(const Arguments& arguments);
Result<void> grpo(const Arguments& arguments);
Result<void> measure(const Arguments& arguments);
Result<void> llm_classifier(const Arguments& arguments);

}  // namespace steward::recipes
