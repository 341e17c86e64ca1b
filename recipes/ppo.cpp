// Proximal policy optimisation against a reward model, as Llama 2 does it [Touvron et al. 2023, arXiv:2307.09288, §3.2.3; Schulman et al.
// 2017, arXiv:1707.06347]: answers are sampled, scored as a whole, and made likelier or less likely, held by the model that training
// began from.
#include "recipes/experience.h"
#include "recipes/recipe.h"
#include "recipes/rewards.h"
#include "recipes/rollouts.h"
#include "recipes/setup.h"
#include "steward/tune/policy_losses.h"
#include "steward/tune/token_batch.h"

namespace steward::recipes {
namespace {

using namespace tune;

struct PpoConfig : CommonConfig {
  RewardConfig reward;
  RolloutConfig rollouts;
  KlControl::Options kl;
  GaeOptions gae;
  double clip = 0.2, value_clip = 0.2, value_weight = 0.1;
  int passes = 1, minibatch = 8;
  PpoConfig() {
    data.layout = "padded";
    data.rows = 32;
    optimizer.rate = 5e-5;
    optimizer.schedule = "constant";
    optimizer.beta2 = 0.95;
    optimizer.epsilon = 1e-5;
  }
};

void declare(runs::Fields& fields, PpoConfig& config) {
  declare(fields, static_cast<CommonConfig&>(config));
  declare(fields, config.reward);
  declare(fields, config.rollouts);
  fields.number("kl.beta", config.kl.beta, {0, 1e3}, "what a nat of distance from the reference costs; the reward is whitened");
  fields.number("kl.target", config.kl.target, {0, 1e6}, "nats an answer that kl.beta is steered to; 0: it stays as it is");
  fields.number("kl.gain", config.kl.gain, {0, 1}, "how fast it is steered");
  fields.number("ppo.clip", config.clip, {1e-3, 10}, "how far a step moves the ratio to the policy that was sampled from");
  fields.number("ppo.value_clip", config.value_clip, {1e-3, 1e6}, "the same for the values");
  fields.number("ppo.value_weight", config.value_weight, {0, 1e3}, "of the value loss");
  fields.number("ppo.gamma", config.gae.gamma, {0, 1}, "discount of later rewards");
  fields.number("ppo.lambda", config.gae.lambda, {0, 1}, "of the advantages: 0: of one step, 1: of all");
  fields.integer("ppo.passes", config.passes, {1, 1000}, "over the answers of a step");
  fields.integer("ppo.minibatch", config.minibatch, {1, 65536}, "answers of an update");
}

/// -β log(π/π_ref) at every token, and the whitened reward at the last: [M].
Tensor token_rewards(const Tensor& rewards, const Experience& experience, double beta) {
  Tensor out = -beta * kl_k1(experience.old, experience.reference);
  const Tensor ends = at::tensor(experience.counts, at::kLong).cumsum(0) - 1;
  return out.index_add_(0, ends, rewards.to(out.scalar_type()));
}

struct Update {
  double policy = 0, value = 0, clipped = 0, norm = 0, count = 0;
};

/// Passes over the answers in minibatches, one step of the optimiser each, of which each process does a part.
Result<Update> learn(Trainee& trainee, const World& world, const RewardHead& head, const Experience& experience,
                     const Advantages& advantages, const PpoConfig& config, std::int64_t step, double rate) {
  Update out;
  for (int pass = 0; pass < config.passes; ++pass) {
    const auto order = static_cast<std::uint64_t>(step * config.passes + pass);
    for (const data::BatchPlan& plan : shuffled_batches(experience.samples.size(), static_cast<std::size_t>(config.minibatch),
                                                        static_cast<std::uint64_t>(config.run.seed), order)) {
      double policy_part = 0, value_part = 0, clipped = 0;
      if (const data::BatchPlan part = world.part(plan).plan; !part.empty()) {
        const double share = token_share(experience.counts, part, plan);
        const auto of = [&](const Tensor& values) { return of_batch(values, experience.counts, part); };
        const Predicted predicted = predict(trainee.model, token_batch(part, experience.samples), trainee.pass());
        const Tensor policy = logprobs_at(predicted, config.rollouts.temperature), old = of(experience.old);
        const Tensor policy_loss = clipped_policy_losses(policy, old, of(advantages.advantages), config.clip).mean();
        const Tensor value_loss =
            clipped_value_loss(head.score(predicted.hidden), of(experience.values), of(advantages.returns), config.value_clip);
        (share * (policy_loss + config.value_weight * value_loss)).backward();
        policy_part = share * policy_loss.item<double>();
        value_part = share * value_loss.item<double>();
        clipped = share * clipped_share(policy, old, config.clip);
      }
      world.sum({&policy_part, &value_part, &clipped});
      const double norm = clip_gradients(trainee.optimizer, config.optimizer.clip_norm);
      TRY(check_finite(step, policy_part + config.value_weight * value_part, norm));
      trainee.optimizer.step(rate);
      out.policy += policy_part;
      out.value += value_part;
      out.clipped += clipped;
      out.norm += norm;
      out.count += 1;
    }
  }
  return out;
}

}  // namespace

Result<void> ppo(const Arguments& arguments) {
  PpoConfig config;
  runs::Fields fields;
  declare(fields, config);
  if (TRY(load_or_print(fields, arguments))) return {};
  const RewardHead head = make_reward_head(TRY(width_of_base(config)));  // the values
  const auto run = TRY(open_policy_run(config, config.reward, "ppo", head.named()));
  const World& world = run->world;
  const auto& data = run->data;
  Trainee& trainee = run->trainee;

  auto batches = TRY(
      data::BatchStream::create(lengths_of(data.train), data.mix, batch_options(config.data, static_cast<std::uint64_t>(config.run.seed))));
  const std::int64_t steps = steps_of(config.run, static_cast<std::int64_t>(batches.batches(0)));
  const runs::Schedule schedule = schedule_of(config.optimizer, steps);
  SessionOptions options = session_options(config, fields, arguments, run->origin, steps);
  options.better = runs::EarlyStopOptions::Better::kHigher;
  options.world = &world;
  Session session = TRY(Session::open(options, trainee.optimizer, batches));
  RecordedRollouts rollouts(config, config.rollouts, run->origin, world);
  KlControl kl(config.kl);
  HeldOut held_out(*run, rollouts, config.rollouts.temperature);
  TRY(held_out.begin(session.state()));
  if (session.step() > 0) TRY(kl.restore(session.state()));

  while (!session.ended()) {
    const auto answers = TRY(rollouts.answers({step_name(session.step()), prompts_of(batches.next())}, data.train, &trainee.lora));
    const Scores scores = TRY(run->rewards->score(data.train, answers));
    const Experience experience = observe(speakers_of(trainee, world), data.train, answers, config.rollouts.temperature, &head);
    const Tensor wanted = whiten(at::tensor(scores.rewards, at::kDouble)) - missing_ends(answers, config.reward.missing_end);
    Advantages advantages = gae(token_rewards(wanted, experience, kl.beta()), experience.values, experience.counts, config.gae);
    advantages.advantages = whiten(advantages.advantages);
    const double rate = rate_at(schedule, session.step());
    const Update update = TRY(learn(trainee, world, head, experience, advantages, config, session.step(), rate));

    StepValues values = {{"loss", update.policy / update.count}, {"value/loss", update.value / update.count}};
    facts_of(answers, scores, experience).put(values, "");
    values.insert(values.end(), {{"kl/beta", kl.beta()},
                                 {"clipped", update.clipped / update.count},
                                 {"rate", rate},
                                 {"gradient/norm", update.norm / update.count}});
    kl.observe(experience.kl());
    std::optional<double> validation;
    if (session.validates()) validation = TRY(held_out.measure(session.step() + 1, values));
    json::Object state = kl.state();
    held_out.keep(state);
    session.keep_state(std::move(state));
    TRY(session.finish_step(std::move(values), experience.old.size(0), validation));
  }

  ModelCard card;
  card.method = "Proximal policy optimisation against reward models.";
  return finish_policy(config, *run, session, std::move(card));
}

}  // namespace steward::recipes
