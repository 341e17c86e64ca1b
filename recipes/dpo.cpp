// Direct preference optimisation [Rafailov et al. 2023, arXiv:2305.18290]: the chosen answer becomes likelier than the rejected one, held
// by the model that training began from.
#include <cstdio>

#include <fmt/format.h>

#include "recipes/recipe.h"
#include "recipes/setup.h"
#include "recipes/shown_answers.h"
#include "steward/tune/losses.h"
#include "steward/tune/token_batch.h"

namespace steward::recipes {
namespace {

using namespace tune;

struct DpoConfig : CommonConfig {
  DpoOptions loss;
  DpoConfig() {
    data.layout = "padded";
    optimizer.rate = 5e-5;
  }
};

PairLogps logps(const Llama& model, const TokenBatch& batch, const Pass& pass) {
  const Tensor sums = segment_sums(token_logprobs(predict(model, batch, pass)), batch.counts);
  const std::int64_t pairs = sums.size(0) / 2;
  return {sums.narrow(0, 0, pairs), sums.narrow(0, pairs, pairs)};
}

/// Of the policy and, without a gradient, of the reference, which is the base without the adapter: no second copy.
struct Both {
  PairLogps policy, reference;
};

Both logps_of_both(const Trainee& trainee, const TokenBatch& batch) {
  const auto passes = trainee.model.sharing(batch.packed, {trainee.pass(), trainee.reference()});
  Both out;
  out.policy = logps(trainee.model, batch, passes[0]);
  const at::NoGradGuard guard;
  out.reference = logps(trainee.model, batch, passes[1]);
  return out;
}

/// That the chosen answers of a batch are the better ones: [B].
Tensor probabilities(const data::BatchPlan& plan, const std::vector<data::PairSample>& pairs) {
  std::vector<float> out;
  for (const auto& row : plan)
    for (const std::size_t index : row) out.push_back(static_cast<float>(pairs[index].probability.value_or(1)));
  return at::tensor(out);
}

/// Sums over pairs, so that batches of different sizes count by their pairs.
struct Measured {
  double loss = 0, chosen = 0, rejected = 0, right = 0, pairs = 0;
  void add(const Tensor& mean_loss, const PairLogps& rewards) {
    const auto count = static_cast<double>(rewards.chosen.size(0));
    loss += mean_loss.item<double>() * count;
    chosen += rewards.chosen.sum().item<double>();
    rejected += rewards.rejected.sum().item<double>();
    const Tensor difference = rewards.chosen - rewards.rejected;
    right += (difference.gt(0).sum() + 0.5 * difference.eq(0).sum()).item<double>();
    pairs += count;
  }
  void sum(const World& world) { world.sum({&loss, &chosen, &rejected, &right, &pairs}); }
  void put(StepValues& values, const std::string& prefix) const {
    values.insert(values.end(), {{prefix + "loss", loss / pairs},
                                 {prefix + "accuracy", right / pairs},
                                 {prefix + "reward/chosen", chosen / pairs},
                                 {prefix + "reward/rejected", rejected / pairs},
                                 {prefix + "reward/margin", (chosen - rejected) / pairs}});
  }
};

Measured validate(const Trainee& trainee, const World& world, const std::vector<data::PairSample>& pairs, const DpoConfig& config) {
  const at::NoGradGuard guard;
  Measured out;
  for (const data::BatchPlan& plan : world.part(in_order(pairs.size(), static_cast<std::size_t>(config.data.rows)))) {
    const TokenBatch batch = token_batch(plan, pairs);
    const auto [policy, reference] = logps_of_both(trainee, batch);
    out.add(dpo_loss(policy, reference, probabilities(plan, pairs), config.loss), dpo_rewards(policy, reference, config.loss.beta));
  }
  out.sum(world);
  return out;
}

}  // namespace

Result<void> dpo(const Arguments& arguments) {
  DpoConfig config;
  runs::Fields fields;
  declare(fields, config);
  fields.number("loss.beta", config.loss.beta, {1e-6, 1e3}, "how much the reference holds");
  fields.number("loss.doubt", config.loss.doubt, {0, 0.499}, "share of pairs whose labels are taken to be swapped");
  if (TRY(load_or_print(fields, arguments))) return {};
  if (config.model.train != "lora")
    return fail(ErrorCode::kInvalidInput, "dpo trains an adapter, since the base without it is the reference (model.train: lora)",
                "model.train");
  const World world = TRY(open_world(config));

  const auto tokenizer = TRY(open_tokenizer(config));
  const auto data = TRY(data::load_pairs(config.data, tokenizer));
  tell(world, data.notes);
  Trainee trainee = TRY(open_base(config));
  TRY(check_vocabulary(tokenizer, trainee.model.shape()));
  tell(world, {describe(trainee)});

  auto batches = TRY(
      data::BatchStream::create(lengths_of(data.train), data.mix, batch_options(config.data, static_cast<std::uint64_t>(config.run.seed))));
  const std::int64_t steps = steps_of(config.run, static_cast<std::int64_t>(batches.batches(0)));
  const runs::Schedule schedule = schedule_of(config.optimizer, steps);
  const json::Object origin = TRY(origin_of(config, "dpo", data));
  SessionOptions options = session_options(config, fields, arguments, origin, steps);
  options.world = &world;
  Session session = TRY(Session::open(options, trainee.optimizer, batches));

  while (!session.ended()) {
    Measured measured;
    double read = 0;
    for (std::int64_t i = 0; i < config.run.accumulate; ++i) {
      const Part part = world.part(batches.next());
      if (part.plan.empty()) continue;
      const TokenBatch batch = token_batch(part.plan, data.train);
      const auto [policy, reference] = logps_of_both(trainee, batch);
      const Tensor loss = dpo_loss(policy, reference, probabilities(part.plan, data.train), config.loss);
      (loss * part.weight / static_cast<double>(config.run.accumulate)).backward();
      measured.add(loss, dpo_rewards(policy, reference, config.loss.beta));
      read += static_cast<double>(batch.tokens());
    }
    measured.sum(world);
    world.sum({&read});
    const double norm = clip_gradients(trainee.optimizer, config.optimizer.clip_norm);
    TRY(check_finite(session.step(), measured.loss, norm));
    const double rate = rate_at(schedule, session.step());
    trainee.optimizer.step(rate);

    StepValues values;
    measured.put(values, "");
    values.insert(values.end(), {{"rate", rate}, {"gradient/norm", norm}, {"tokens", read}});
    std::optional<double> validation;
    if (session.validates() && !data.validation.empty()) {
      const Measured held_out = validate(trainee, world, data.validation, config);
      held_out.put(values, "validation/");
      validation = held_out.loss / held_out.pairs;
    }
    TRY(session.finish_step(std::move(values), static_cast<std::int64_t>(read), validation));
  }

  if (!world.leads()) return {};
  TRY(session.restore_best());
  ModelCard card;
  card.method = "Direct preference optimisation on pairs of answers.";
  card.data = {{"training pairs", data.digest, static_cast<std::int64_t>(data.train.size())}};
  TRY(export_run(config, trainee, session, std::move(card)));
  std::vector<runs::ReportSample> shown;
  shown = TRY(shown_answers(config, tokenizer, session.folder().path() + "/adapter.gguf",
                            to_show(config, data, [](const data::PairSample& pair) -> const data::Sample& { return pair.chosen; })));
  return write_report(trainee, session, std::move(shown));
}

}  // namespace steward::recipes
