#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "recipes/rewards.h"
#include "steward/tune/ai_judge.h"
#include "steward/tune/constitution.h"

namespace steward::recipes {

/// Direct RLAIF [Lee et al. 2023, arXiv:2309.00267, §2.2.2]: the reward is a model's mean rating of the answer, from -1 to 1, by a
/// principle of the constitution that is drawn for the prompt.
class JudgeRewards : public Rewards {
 public:
  /// tokenizer: of the model that answers; outlives it, as world does, whose leading process asks. Errors: of AiJudge::open() and
  /// load_constitution().
  static Result<std::unique_ptr<JudgeRewards>> open(const RewardConfig& config, const model::ChatTokenizer& tokenizer,
                                                    const tune::World& world);
  /// Errors: kInvalidInput if a question is over reward.judge_tokens; those of AiJudge.
  Result<Scores> score(const std::vector<data::PromptSample>& prompts, std::span<const Answer> answers) override;
  json::Object origin() const override;

 private:
  JudgeRewards(std::vector<tune::Principle> constitution, const model::ChatTokenizer& tokenizer, const tune::World& world)
      : constitution_(std::move(constitution)), tokenizer_(tokenizer), world_(world) {}
  Result<std::vector<double>> ratings(const std::vector<data::PromptSample>& prompts, std::span<const Answer> answers);

  std::optional<tune::AiJudge> judge_;  ///< of the leading process
  std::vector<tune::Principle> constitution_;
  const model::ChatTokenizer& tokenizer_;
  const tune::World& world_;
  json::Object origin_;
};

/// What the configuration names: reward models on `llama`, or a judge. Errors: kInvalidInput if it names both; those of either.
Result<std::unique_ptr<Rewards>> open_rewards(const RewardConfig& config, const tune::Llama& llama, const std::string& base_sha256,
                                              const model::ChatTokenizer& tokenizer, const tune::World& world);

}  // namespace steward::recipes
