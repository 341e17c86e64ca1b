#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "recipes/rewards.h"
#include "recipes/rollouts.h"
#include "steward/tune/session.h"
#include "steward/tune/trainee.h"

/// What reinforcement learning learns from, and how it is measured on prompts that it does not learn from.
namespace steward::recipes {

/// A policy's tokens of answers, end to end ([M], float32), and how likely they were.
struct Experience {
  std::vector<data::Sample> samples;  ///< prompt and answer of each; the answer's tokens are learned
  std::vector<std::int64_t> counts;   ///< tokens of each answer
  tune::Tensor old, reference;        ///< log-probabilities in nats
  tune::Tensor values;                ///< undefined without a value head

  /// Mean over the answers of the log-ratio to the reference, summed over their tokens: an estimate of the KL.
  double kl() const;
};
/// Who said it, and what it is held against.
struct Speakers {
  const tune::Llama& model;
  tune::Pass policy, reference;
};
Speakers speakers_of(const tune::Trainee& trainee);
/// Passes without gradients. temperature: that of sampling: it is part of the policy. values: null for none.
Experience observe(const Speakers& speakers, const std::vector<data::PromptSample>& prompts, const std::vector<Answer>& answers,
                   double temperature, const tune::RewardHead* values);

/// The policy's log-probabilities at a temperature: those of logits / temperature.
tune::Tensor logprobs_at(tune::Predicted predicted, double temperature);

/// Answers in an order of their own for each pass over them, cut into batches.
std::vector<data::BatchPlan> shuffled_batches(std::size_t answers, std::size_t at_once, std::uint64_t seed, std::uint64_t pass);
/// Of values [M] those of the batch's answers, in its order.
tune::Tensor of_batch(const tune::Tensor& values, const std::vector<std::int64_t>& counts, const data::BatchPlan& batch);

/// Means over answers.
struct AnswerFacts {
  double reward = 0, ended = 0, length = 0, kl = 0;
  std::optional<double> check;
  double check_error = 0;  ///< standard error
  std::vector<std::pair<std::string, double>> parts = {};
  void put(tune::StepValues& values, const std::string& prefix) const;
};
AnswerFacts facts_of(const std::vector<Answer>& answers, const Scores& scores, const Experience& experience);

/// What the missing end costs each answer: [S].
tune::Tensor missing_ends(const std::vector<Answer>& answers, double cost);

/// How a policy does on prompts that it does not learn from: an answer to each, with the same random numbers every time. Holds references
/// to all that it is given.
class HeldOut {
 public:
  HeldOut(const tune::Trainee& trainee, const std::vector<data::PromptSample>& prompts, RecordedRollouts& rollouts, Rewards& rewards,
          double temperature)
      : trainee_(trainee), prompts_(prompts), rollouts_(rollouts), rewards_(rewards), temperature_(temperature) {}
  /// Before the first step: measures what training begins from, or takes it from a session's state.
  Result<void> begin(const json::Object& state);
  void keep(json::Object& state) const;
  /// After a step: adds what was measured to its values. Returns the reward; none without held-out prompts. Warns if it rose since begin()
  /// while the model that is only watched says that answers became worse.
  Result<std::optional<double>> measure(std::int64_t step, tune::StepValues& values) const;

 private:
  Result<AnswerFacts> ask(std::int64_t step) const;

  const tune::Trainee& trainee_;
  const std::vector<data::PromptSample>& prompts_;
  RecordedRollouts& rollouts_;
  Rewards& rewards_;
  double temperature_;
  AnswerFacts first_;
};

/// Did the reward rise, while the watched model's score fell by more than its standard error?
bool is_hacking(const AnswerFacts& first, const AnswerFacts& now);

/// Of the step after `done`: what its answers are recorded under.
std::string step_name(std::int64_t done);
std::vector<std::size_t> prompts_of(const data::BatchPlan& plan);

/// Errors: kInvalidInput unless an adapter is trained: the model without it is the reference.
Result<void> needs_adapter(const CommonConfig& config, const char* recipe);

/// Adapter, card and page of a run that trained on prompts.
Result<void> finish_policy(const CommonConfig& config, const tune::Trainee& trainee, const tune::Session& session, tune::ModelCard card,
                           const model::ChatTokenizer& tokenizer, const data::TrainingData<data::PromptSample>& data);

}  // namespace steward::recipes
