#pragma once

#include <optional>
#include <string>
#include <vector>

#include "recipes/rewards.h"
#include "recipes/setup.h"
#include "steward/model/llama/rollouts.h"

/// Answers of the model that is trained, sampled in the engine and recorded.
namespace steward::recipes {

/// `rollouts:` of a recipe's file.
struct RolloutConfig {
  double temperature = 1, top_p = 1;
  int tokens_max = 128;
  int at_once = 16;
  int threads = 0;
};
void declare(runs::Fields& fields, RolloutConfig& config);

/// Which prompts are answered, each `draws` times in a row, and under what name that is kept.
struct Draws {
  std::string name;
  std::vector<std::size_t> prompts;
  int draws = 1;
  std::string stream = {};  ///< of random numbers: draws of one stream are paired. Empty: the name
};

/// Samples, and keeps what it sampled in RUN/rollouts/NAME.jsonl (docs/formats/rollouts.md): a run that goes on reads it there.
class RecordedRollouts {
 public:
  /// run: the folder, which exists. origin: of the run; a record of another one is an error. All but the origin outlive it. The processes
  /// of `world` sample together, and all get all answers.
  RecordedRollouts(const CommonConfig& config, const RolloutConfig& rollouts, const json::Object& origin, const tune::World& world);
  /// Answers in the order of draws.prompts. policy: null for the base alone. Errors: those of model::Rollouts; kInvalidInput for a record
  /// that is damaged or another run's.
  Result<std::vector<Answer>> answers(const Draws& draws, const std::vector<data::PromptSample>& prompts, const tune::Lora* policy);

 private:
  Result<std::vector<Answer>> sample(const Draws& draws, const std::vector<data::PromptSample>& prompts, const tune::Lora* policy);

  const CommonConfig& config_;
  const RolloutConfig& options_;
  const tune::World& world_;
  std::string origin_;  ///< digest
  std::optional<model::Rollouts> engine_;
};

}  // namespace steward::recipes
