#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "recipes/rewards.h"
#include "recipes/rollouts.h"
#include "steward/tune/session.h"
#include "steward/tune/trainee.h"

/// What reinforcement learning learns from, and how it is measured on prompts that it does not learn from.
namespace steward::recipes {

/// What recipes that sample and score open before they learn; it stands at one place, since its parts hold each other.
struct PolicyRun {
  PolicyRun(tune::World own_world, model::ChatTokenizer own_tokenizer, data::TrainingData<data::PromptSample> own_data,
            tune::Trainee own_trainee)
      : world(std::move(own_world)), tokenizer(std::move(own_tokenizer)), data(std::move(own_data)), trainee(std::move(own_trainee)) {}
  PolicyRun(const PolicyRun&) = delete;
  PolicyRun& operator=(const PolicyRun&) = delete;

  tune::World world;
  model::ChatTokenizer tokenizer;
  data::TrainingData<data::PromptSample> data;
  tune::Trainee trainee;
  json::Object origin;  ///< with all that rewards depend on
  std::unique_ptr<Rewards> rewards;
};
/// heads: trained beside the adapter. Errors: kInvalidInput unless an adapter is trained: the model without it is the reference; those of
/// all that is opened.
Result<std::unique_ptr<PolicyRun>> open_policy_run(const CommonConfig& config, const RewardConfig& reward, const std::string& recipe,
                                                   const std::map<std::string, tune::Tensor>& heads = {});

/// A policy's tokens of answers, end to end ([M], float32), and how likely they were.
struct Experience {
  std::vector<data::Sample> samples;  ///< prompt and answer of each; the answer's tokens are learned
  std::vector<std::int64_t> counts;   ///< tokens of each answer
  tune::Tensor old, reference;        ///< log-probabilities in nats
  tune::Tensor values;                ///< undefined without a value head

  /// Mean over the answers of the log-ratio to the reference, summed over their tokens: an estimate of the KL.
  double kl() const;
};
/// Who said it, what it is held against, and the processes that share the passes.
struct Speakers {
  const tune::Llama& model;
  tune::Pass policy, reference;
  const tune::World& world;
};
Speakers speakers_of(const tune::Trainee& trainee, const tune::World& world);
/// Passes without gradients. temperature: that of sampling: it is part of the policy. values: null for none.
Experience observe(const Speakers& speakers, const std::vector<data::PromptSample>& prompts, const std::vector<Answer>& answers,
                   double temperature, const tune::RewardHead* values);

/// The policy's log-probabilities at a temperature: those of logits / temperature.
tune::Tensor logprobs_at(tune::Predicted predicted, double temperature);

/// Answers in an order of their own for each pass over them, cut into batches.
std::vector<data::BatchPlan> shuffled_batches(std::size_t answers, std::size_t at_once, std::uint64_t seed, std::uint64_t pass);
/// Of values [M] those of the batch's answers, in its order.
tune::Tensor of_batch(const tune::Tensor& values, const std::vector<std::int64_t>& counts, const data::BatchPlan& batch);

/// Tokens of the answers of `part`, of those of `whole`: how much a mean over the part's tokens counts.
double token_share(const std::vector<std::int64_t>& counts, const data::BatchPlan& part, const data::BatchPlan& whole);

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
  HeldOut(const PolicyRun& run, RecordedRollouts& rollouts, double temperature)
      : run_(run), rollouts_(rollouts), temperature_(temperature) {}
  /// Before the first step: measures what training begins from, or takes it from a session's state.
  Result<void> begin(const json::Object& state);
  void keep(json::Object& state) const;
  /// After a step: adds what was measured to its values. Returns the reward; none without held-out prompts. Warns if it rose since begin()
  /// while the model that is only watched says that answers became worse.
  Result<std::optional<double>> measure(std::int64_t step, tune::StepValues& values) const;

 private:
  Result<AnswerFacts> ask(std::int64_t step) const;

  const PolicyRun& run_;
  RecordedRollouts& rollouts_;
  double temperature_;
  AnswerFacts first_;
};

/// Did the reward rise, while the watched model's score fell by more than its standard error?
bool is_hacking(const AnswerFacts& first, const AnswerFacts& now);

/// Of the step after `done`: what its answers are recorded under.
std::string step_name(std::int64_t done);
std::vector<std::size_t> prompts_of(const data::BatchPlan& plan);

/// Adapter, card and page of a run that trained on prompts: the leading process makes them.
Result<void> finish_policy(const CommonConfig& config, const PolicyRun& run, tune::Session& session, tune::ModelCard card);

}  // namespace steward::recipes
