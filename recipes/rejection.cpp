// Rejection sampling fine-tuning [Touvron et al. 2023, arXiv:2307.09288, §3.2.3]: several answers to each prompt, the best of them by the
// reward models goes into a pool, and the model is fine-tuned on the best that the pool has for each prompt. One round a run: the next
// one takes this one's adapter and pool.
#include <cstdio>
#include <filesystem>

#include <fmt/format.h>

#include "recipes/answer_pool.h"
#include "recipes/experience.h"
#include "recipes/judge_rewards.h"
#include "recipes/recipe.h"
#include "recipes/rewards.h"
#include "recipes/rollouts.h"
#include "recipes/setup.h"
#include "steward/core/files.h"
#include "steward/tune/token_batch.h"

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
Result<AnswerPool> sample_round(const RejectionConfig& config, const Trainee& trainee, const data::TrainingData<data::PromptSample>& data,
                                const model::ChatTokenizer& tokenizer, Rewards& rewards, RecordedRollouts& rollouts) {
  AnswerPool pool(tokenizer);
  double all = 0, best = 0, asked = 0, answered = 0;
  for (const data::BatchPlan& plan : in_order(data.train.size(), static_cast<std::size_t>(config.prompts_at_once))) {
    const std::vector<std::size_t> prompts = prompts_of(plan);
    const auto answers = TRY(rollouts.answers({fmt::format("prompts-{:06}", prompts.front()), prompts, config.draws}, data.train,
                                              config.adapter.empty() ? nullptr : &trainee.start));
    const Scores scores = TRY(rewards.score(data.train, answers));
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      const auto draws = static_cast<std::size_t>(config.draws);
      const auto chosen = best_of(answers, scores, i * draws, draws);
      for (std::size_t j = i * draws; j < (i + 1) * draws; ++j) all += scores.rewards[j] / static_cast<double>(draws);
      asked += 1;
      if (!chosen) continue;
      TRY(pool.add(data.train[prompts[i]], answers[*chosen], scores, *chosen));
      best += scores.rewards[*chosen];
      answered += 1;
    }
    fmt::print(stderr, "{} of {} prompts: mean reward {:.3f}, of the best {:.3f}; {} prompts have no answer that ends\n", asked,
               data.train.size(), all / asked, best / std::max(answered, 1.0), asked - answered);
  }
  return pool;
}

/// The pool of this round and of earlier ones, scored by the models of this one, in RUN/pool.jsonl; and the best for each prompt in
/// RUN/best.jsonl. Both stand there already when a run goes on that came so far.
Result<void> make_pool(const RejectionConfig& config, const Trainee& trainee, const data::TrainingData<data::PromptSample>& data,
                       const model::ChatTokenizer& tokenizer, Rewards& rewards, RecordedRollouts& rollouts) {
  const std::string pool_path = config.run.folder + "/pool.jsonl", best_path = config.run.folder + "/best.jsonl";
  if (std::filesystem::exists(best_path)) return {};
  AnswerPool pool = TRY(sample_round(config, trainee, data, tokenizer, rewards, rollouts));
  for (const std::string& earlier : config.pools) TRY(pool.add_file(earlier, data::sample_options(config.data), rewards));
  if (pool.size() == 0)
    return fail(ErrorCode::kInvalidInput, "no answer ended by itself: allow longer ones (rollouts.tokens_max), or begin with sft",
                "rollouts.tokens_max");
  TRY(write_file_atomic(pool_path, pool.rows()));
  return write_file_atomic(best_path, pool.best_rows());
}

struct Update {
  double loss = 0, norm = 0;
  std::int64_t read = 0;  ///< tokens
};

/// One step of supervised fine-tuning: every learned token counts alike.
Result<Update> learn(Trainee& trainee, data::BatchStream& batches, const std::vector<data::Sample>& samples, std::int64_t accumulate) {
  std::vector<TokenBatch> step;
  std::int64_t learned = 0;
  Update out;
  for (std::int64_t i = 0; i < accumulate; ++i) {
    step.push_back(token_batch(batches.next(), samples));
    learned += step.back().learned();
    out.read += step.back().tokens();
  }
  for (const TokenBatch& batch : step) {
    const Tensor weights = at::full({batch.learned()}, 1.0 / static_cast<double>(learned));
    const Tensor part = weighted_nll(predict(trainee.model, batch, trainee.pass()), weights);
    part.backward();
    out.loss += part.item<double>();
  }
  return out;
}

}  // namespace

Result<void> rejection(const Arguments& arguments) {
  RejectionConfig config;
  runs::Fields fields;
  declare(fields, config);
  if (TRY(load_or_print(fields, arguments))) return {};
  TRY(needs_adapter(config, "rejection"));
  use_processor(config);

  const auto tokenizer = TRY(open_tokenizer(config));
  const auto prompts = TRY(data::load_prompts(config.data, tokenizer));
  for (const std::string& note : prompts.notes) fmt::print(stderr, "{}\n", note);
  Trainee trainee = TRY(open_base(config));
  TRY(check_vocabulary(tokenizer, trainee.model.shape()));
  fmt::print(stderr, "{}\n", describe(trainee));
  json::Object origin = TRY(origin_of(config, "rejection", prompts));
  const auto rewards = TRY(open_rewards(config.reward, trainee.model, std::string(origin.at("base").get_string()), tokenizer));
  for (const auto& [key, value] : rewards->origin()) origin[key] = value;
  TRY(add_pools(origin, config.pools));

  // The folder stands before the session, which needs the answers.
  if (arguments.resume)
    TRY(runs::RunFolder::resume(config.run.folder, fields.print()));
  else
    TRY(runs::RunFolder::create(config.run.folder, fields.print()));
  RecordedRollouts rollouts(config, config.rollouts, origin);
  TRY(make_pool(config, trainee, prompts, tokenizer, *rewards, rollouts));

  data::DataConfig pooled = config.data;
  pooled.files = {config.run.folder + "/best.jsonl"};
  pooled.ratios.clear();
  pooled.validation_share = 0;
  pooled.tokens_max += config.rollouts.tokens_max;
  const auto data = TRY(data::load_samples(pooled, tokenizer));
  for (const std::string& note : data.notes) fmt::print(stderr, "{}\n", note);
  origin["pool"] = data.digest;
  auto batches =
      TRY(data::BatchStream::create(lengths_of(data.train), {}, batch_options(pooled, static_cast<std::uint64_t>(config.run.seed))));
  const std::int64_t steps = steps_of(config.run, static_cast<std::int64_t>(batches.batches(0)));
  const runs::Schedule schedule = schedule_of(config.optimizer, steps);
  SessionOptions options = session_options(config, fields, arguments, origin, steps);
  options.resume = true;
  options.better = runs::EarlyStopOptions::Better::kHigher;
  Session session = TRY(Session::open(options, trainee.optimizer, batches));
  HeldOut held_out(trainee, prompts.validation, rollouts, *rewards, config.rollouts.temperature);
  TRY(held_out.begin(session.state()));

  while (!session.ended()) {
    Update update = TRY(learn(trainee, batches, data.train, config.run.accumulate));
    update.norm = clip_gradients(trainee.optimizer.parameters(), config.optimizer.clip_norm);
    TRY(check_finite(session.step(), update.loss, update.norm));
    const double rate = rate_at(schedule, session.step());
    trainee.optimizer.step(rate);
    StepValues values = {{"loss", update.loss}, {"rate", rate}, {"gradient/norm", update.norm}};
    std::optional<double> validation;
    if (session.validates()) validation = TRY(held_out.measure(session.step() + 1, values));
    json::Object state;
    held_out.keep(state);
    session.keep_state(std::move(state));
    TRY(session.finish_step(std::move(values), update.read, validation));
  }

  TRY(session.restore_best());
  ModelCard card;
  card.method = "Fine-tuning on the best of several sampled answers, chosen by reward models.";
  return finish_policy(config, trainee, session, std::move(card), tokenizer, prompts);
}

}  // namespace steward::recipes
