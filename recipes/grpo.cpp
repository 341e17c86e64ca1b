// Group relative policy optimisation [Shao et al. 2024, arXiv:2402.03300]: several answers to each prompt, each held against the others
// to the same prompt; no values are learned.
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

struct GrpoConfig : CommonConfig {
  RewardConfig reward;
  RolloutConfig rollouts;
  GrpoOptions loss;
  int group = 8, passes = 1, minibatch = 8;
  GrpoConfig() {
    data.layout = "padded";
    data.rows = 4;
    optimizer.rate = 5e-5;
    optimizer.schedule = "constant";
  }
};

void declare(runs::Fields& fields, GrpoConfig& config) {
  declare(fields, static_cast<CommonConfig&>(config));
  declare(fields, config.reward);
  declare(fields, config.rollouts);
  fields.integer("grpo.group", config.group, {2, 65536}, "answers to each prompt");
  fields.number("grpo.clip", config.loss.clip, {1e-3, 10}, "how far a step moves the ratio to the policy that was sampled from");
  fields.number("grpo.beta", config.loss.beta, {0, 1e3}, "what a nat of distance from the reference costs");
  fields.integer("grpo.passes", config.passes, {1, 1000}, "over the answers of a step");
  fields.integer("grpo.minibatch", config.minibatch, {1, 65536}, "answers of an update");
}

struct Update {
  double loss = 0, clipped = 0, norm = 0, count = 0;
};

/// advantages: of each answer.
Result<Update> learn(Trainee& trainee, const World& world, const Experience& experience, const Tensor& advantages, const GrpoConfig& config,
                     std::int64_t step, double rate) {
  Update out;
  const std::vector<std::int64_t> ones(experience.counts.size(), 1);
  for (int pass = 0; pass < config.passes; ++pass) {
    const auto order = static_cast<std::uint64_t>(step * config.passes + pass);
    for (const data::BatchPlan& plan : shuffled_batches(experience.samples.size(), static_cast<std::size_t>(config.minibatch),
                                                        static_cast<std::uint64_t>(config.run.seed), order)) {
      double loss_part = 0, clipped = 0;
      if (const Part part = world.part(plan); !part.plan.empty()) {
        const auto of = [&](const Tensor& values) { return of_batch(values, experience.counts, part.plan); };
        const TokenBatch batch = token_batch(part.plan, experience.samples);
        const Tensor policy = logprobs_at(predict(trainee.model, batch, trainee.pass()), config.rollouts.temperature);
        const Tensor old = of(experience.old), advantage = of_batch(advantages, ones, part.plan).to(at::kFloat);
        const Tensor loss = grpo_loss(policy, old, of(experience.reference), advantage, batch.counts, config.loss);
        (part.weight * loss).backward();
        loss_part = part.weight * loss.item<double>();
        clipped = token_share(experience.counts, part.plan, plan) * clipped_share(policy, old, config.loss.clip);
      }
      world.sum({&loss_part, &clipped});
      const double norm = clip_gradients(trainee.optimizer, config.optimizer.clip_norm);
      TRY(check_finite(step, loss_part, norm));
      trainee.optimizer.step(rate);
      out.loss += loss_part;
      out.clipped += clipped;
      out.norm += norm;
      out.count += 1;
    }
  }
  return out;
}

}  // namespace

Result<void> grpo(const Arguments& arguments) {
  GrpoConfig config;
  runs::Fields fields;
  declare(fields, config);
  if (TRY(load_or_print(fields, arguments))) return {};
  const auto run = TRY(open_policy_run(config, config.reward, "grpo"));
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
  HeldOut held_out(*run, rollouts, config.rollouts.temperature);
  TRY(held_out.begin(session.state()));

  while (!session.ended()) {
    const auto answers =
        TRY(rollouts.answers({step_name(session.step()), prompts_of(batches.next()), config.group}, data.train, &trainee.lora));
    const Scores scores = TRY(run->rewards->score(data.train, answers));
    const Experience experience = observe(speakers_of(trainee, world), data.train, answers, config.rollouts.temperature, nullptr);
    const Tensor wanted = at::tensor(scores.rewards, at::kDouble) - missing_ends(answers, config.reward.missing_end);
    const double rate = rate_at(schedule, session.step());
    const Update update = TRY(learn(trainee, world, experience, group_advantages(wanted, config.group), config, session.step(), rate));

    StepValues values = {{"loss", update.loss / update.count}};
    facts_of(answers, scores, experience).put(values, "");
    values.insert(values.end(),
                  {{"clipped", update.clipped / update.count}, {"rate", rate}, {"gradient/norm", update.norm / update.count}});
    std::optional<double> validation;
    if (session.validates()) validation = TRY(held_out.measure(session.step() + 1, values));
    json::Object state;
    held_out.keep(state);
    session.keep_state(std::move(state));
    TRY(session.finish_step(std::move(values), experience.old.size(0), validation));
  }

  ModelCard card;
  card.method = "Group relative policy optimisation against reward models.";
  return finish_policy(config, *run, session, std::move(card));
}

}  // namespace steward::recipes
