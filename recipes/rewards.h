#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "recipes/constitution.h"
#include "recipes/setup.h"
#include "steward/core/json.h"
#include "steward/core/result.h"
#include "steward/data/data_config.h"
#include "steward/model/llama/chat_tokenizer.h"
#include "steward/model/llama/rollouts.h"
#include "steward/tune/reward_model.h"

/// What answers are worth: to the recipes that sample.
namespace steward::recipes {

/// An answer to prompts[prompt].
struct Answer {
  std::size_t prompt = 0;
  model::Rollout rollout;
};

/// Of each answer, in order.
struct Scores {
  std::vector<double> rewards;                                          ///< what is made larger: of any scale
  std::vector<std::pair<std::string, std::vector<double>>> parts = {};  ///< what they were made of, and what is only watched, for the log
};

class Rewards {
 public:
  virtual ~Rewards() = default;
  /// Same prompts and answers, same scores, in all processes. prompts: those that the answers name.
  virtual Result<Scores> score(const std::vector<data::PromptSample>& prompts, std::span<const Answer> answers) = 0;
  /// Digests of all that scores depend on: a run goes on only with the same.
  virtual json::Object origin() const = 0;
};

/// `reward:` of a recipe's file.
struct RewardConfig {
  std::string judge;  ///< GGUF file of a model that rates answers instead of reward models, or empty
  int judge_tokens = 2048;
  ConstitutionConfig constitution;         ///< of the judge
  std::string helpfulness, safety, check;  ///< folders of runs of the recipe `reward`, or empty
  double threshold = 0.15;
  double missing_end = 1;
};
void declare(runs::Fields& fields, RewardConfig& config);

/// Reward models on the base that is trained: helpfulness and safety, combined as Llama 2 does (tune::combined_reward), or one of them.
/// The parts "helpfulness", "safety" and "check" are the models' own scores; that of `check` is in no reward.
class RewardModels : public Rewards {
 public:
  /// llama, world: outlive it; each process scores its part of the answers. base_sha256: of its file. Errors: kInvalidInput if none is
  /// named, or one is not of this base; as load_reward_model().
  static Result<std::unique_ptr<RewardModels>> open(const RewardConfig& config, const tune::Llama& llama, const std::string& base_sha256,
                                                    const model::ChatTokenizer& tokenizer, const tune::World& world);
  Result<Scores> score(const std::vector<data::PromptSample>& prompts, std::span<const Answer> answers) override;
  json::Object origin() const override;

 private:
  RewardModels(const RewardConfig& config, const tune::Llama& llama, const tune::World& world)
      : config_(config), llama_(llama), world_(world) {}
  const tune::RewardModel* find(const std::string& name) const;

  RewardConfig config_;
  const tune::Llama& llama_;
  const tune::World& world_;
  std::vector<std::pair<std::string, tune::RewardModel>> models_;  ///< by the name of their part
  std::vector<model::Token> ending_;
};

/// What the template writes behind an answer: the token that ends it, and the rest. Errors: kInvalidInput if it ends none.
Result<std::vector<model::Token>> ending_of(const model::ChatTokenizer& tokenizer);

/// Prompt and answer as a reward model was trained on them. One that was cut is read as if it ended there.
data::Sample whole_chat(const data::PromptSample& prompt, const model::Rollout& rollout, std::span<const model::Token> ending);

}  // namespace steward::recipes
