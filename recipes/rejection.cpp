// Rejection sampling fine-tuning [Touvron et al. 2023, arXiv:2307.09288, §3.2.3]: several answers to each prompt, the best of them by the
// reward models goes into a pool, and the model is fine-tuned on the best that the pool has for each prompt. One round a run: the next
// one takes this one's adapter and pool.
#include <filesystem>

#include <fmt/format.h>

#include "recipes/answer_pool.h"
#include "recipes/experience.h"
#include "recipes/recipe.h"
#include "recipes/rewards.h"
#include "recipes/rollouts.h"
#include "recipes/sampling.h"
#include "recipes/setup.h"
#include "recipes/supervised.h"
#include "steward/core/files.h"

namespace steward::recipes {
namespace {

using namespace tune;

struct RejectionConfig : CommonConfig {
  RewardConfig reward;
  RolloutConfig rollouts;
  int draws = 8, prompts_at_once = 16;
  std::vector<std::string> pools;
  RejectionConfig() {
    rollouts.temperature = 1.2;
    optimizer.rate = 2e-4;
  }
};

void declare(runs::Fields& fields, RejectionConfig& config) {
  declare(fields, static_cast<CommonConfig&>(config));
  declare(fields, config.reward);
  declare(fields, config.rollouts);
  fields.integer("rejection.draws", config.draws, {1, 65536}, "answers to each prompt, of which the best is kept");
  fields.texts("rejection.pools", config.pools, "pool.jsonl of earlier rounds: their answers stay in the race");
  fields.integer("rejection.prompts_at_once", config.prompts_at_once, {1, 65536},
                 "prompts of a record: what a run that is cut samples again");
}

/// Samples, scores and picks, some prompts at a time.
Result<AnswerPool> sample_round(const RejectionConfig& config, const PolicyRun& run, RecordedRollouts& rollouts) {
  AnswerPool pool(run.tokenizer);
  const auto& samples = run.data.train;
  double all = 0, best = 0, asked = 0, answered = 0;
  for (const data::BatchPlan& plan : in_order(samples.size(), static_cast<std::size_t>(config.prompts_at_once))) {
    const std::vector<std::size_t> prompts = prompts_of(plan);
    const auto answers = TRY(rollouts.answers({fmt::format("prompts-{:06}", prompts.front()), prompts, config.draws}, samples,
                                              config.adapter.empty() ? nullptr : &run.trainee.start));
    const Scores scores = TRY(run.rewards->score(samples, answers));
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      const auto draws = static_cast<std::size_t>(config.draws);
      const auto chosen = best_of(answers, scores, i * draws, draws);
      for (std::size_t j = i * draws; j < (i + 1) * draws; ++j) all += scores.rewards[j] / static_cast<double>(draws);
      asked += 1;
      if (!chosen) continue;
      TRY(pool.add(samples[prompts[i]], answers[*chosen], scores, *chosen));
      best += scores.rewards[*chosen];
      answered += 1;
    }
    tell(run.world, {fmt::format("{} of {} prompts: mean reward {:.3f}, of the best {:.3f}; {} prompts have no answer that ends", asked,
                                 samples.size(), all / asked, best / std::max(answered, 1.0), asked - answered)});
  }
  return pool;
}

/// The pool of this round and of earlier ones, scored by the models of this one, in RUN/pool.jsonl; and the best for each prompt in
/// RUN/best.jsonl. Both stand there already when a run goes on that came so far.
Result<void> make_pool(const RejectionConfig& config, const PolicyRun& run, RecordedRollouts& rollouts) {
  const std::string pool_path = config.run.folder + "/pool.jsonl", best_path = config.run.folder + "/best.jsonl";
  double there = run.world.leads() && std::filesystem::exists(best_path) ? 1 : 0;
  run.world.sum({&there});
  TRY(run.world.status());
  if (there > 0) return {};
  AnswerPool pool = TRY(sample_round(config, run, rollouts));
  for (const std::string& earlier : config.pools) TRY(pool.add_file(earlier, data::sample_options(config.data), *run.rewards));
  if (pool.size() == 0)
    return fail(ErrorCode::kInvalidInput, "no answer ended by itself: allow longer ones (rollouts.tokens_max), or begin with sft",
                "rollouts.tokens_max");
  if (run.world.leads()) {
    TRY(write_file_atomic(pool_path, pool.rows()));
    TRY(write_file_atomic(best_path, pool.best_rows()));
  }
  run.world.wait();
  return run.world.status();
}

}  // namespace

Result<void> rejection(const Arguments& arguments) {
  RejectionConfig config;
  runs::Fields fields;
  declare(fields, config);
  if (TRY(load_or_print(fields, arguments))) return {};
  const auto run = TRY(open_policy_run(config, config.reward, "rejection"));
  const World& world = run->world;
  Trainee& trainee = run->trainee;
  json::Object origin = run->origin;
  TRY(add_pools(origin, config.pools));

  // The folder stands before the session, which needs the answers.
  TRY(open_folder(config, fields, arguments, world));
  RecordedRollouts rollouts(config, config.rollouts, origin, world);
  TRY(make_pool(config, *run, rollouts));

  data::DataConfig pooled = config.data;
  pooled.files = {config.run.folder + "/best.jsonl"};
  pooled.ratios.clear();
  pooled.validation_share = 0;
  pooled.tokens_max += config.rollouts.tokens_max;
  const auto data = TRY(data::load_samples(pooled, run->tokenizer));
  tell(world, data.notes);
  origin["pool"] = data.digest;
  auto batches =
      TRY(data::BatchStream::create(lengths_of(data.train), {}, batch_options(pooled, static_cast<std::uint64_t>(config.run.seed))));
  const std::int64_t steps = steps_of(config.run, static_cast<std::int64_t>(batches.batches(0)));
  const runs::Schedule schedule = schedule_of(config.optimizer, steps);
  SessionOptions options = session_options(config, fields, arguments, origin, steps);
  options.resume = true;
  options.better = runs::EarlyStopOptions::Better::kHigher;
  options.world = &world;
  Session session = TRY(Session::open(options, trainee.optimizer, batches));
  HeldOut held_out(*run, rollouts, config.rollouts.temperature);
  TRY(held_out.begin(session.state()));

  while (!session.ended()) {
    SupervisedStep step = TRY(supervised_step(config, trainee, batches, data.train, schedule, session.step(), world));
    std::optional<double> validation;
    if (session.validates()) validation = TRY(held_out.measure(session.step() + 1, step.values));
    json::Object state;
    held_out.keep(state);
    session.keep_state(std::move(state));
    TRY(session.finish_step(std::move(step.values), step.tokens, validation));
  }

  ModelCard card;
  card.method = "Fine-tuning on the best of several sampled answers, chosen by reward models.";
  return finish_policy(config, *run, session, std::move(card));
}

}  // namespace steward::recipes
