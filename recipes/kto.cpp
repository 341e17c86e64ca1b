// Kahneman-Tversky optimisation [Ethayarajh et al. 2024, arXiv:2402.01306]: answers with a thumb up become likelier than the reference has
// them, those with a thumb down less likely. No pairs are needed.
#include <algorithm>
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

struct KtoConfig : CommonConfig {
  KtoOptions loss;
  KtoConfig() {
    data.layout = "padded";
    optimizer.rate = 5e-5;
  }
};

/// Log-probabilities of answers by the policy and by the base without its adapter, which is the reference: [B] each.
struct Logps {
  Tensor policy, reference;
};

Tensor logps(const Llama& model, const TokenBatch& batch, const Pass& pass) {
  return segment_sums(token_logprobs(predict(model, batch, pass)), batch.counts);
}

/// The reference always without a gradient.
Logps logps_of_both(const Trainee& trainee, const TokenBatch& batch) {
  if (batch.counts.empty()) return {at::zeros({0}), at::zeros({0})};
  const auto passes = trainee.model.sharing(batch.packed, {trainee.pass(), trainee.reference()});
  Logps out;
  out.policy = logps(trainee.model, batch, passes[0]);
  const at::NoGradGuard guard;
  out.reference = logps(trainee.model, batch, passes[1]);
  return out;
}

Logps without_gradient(const Trainee& trainee, const TokenBatch& batch) {
  const at::NoGradGuard guard;
  return logps_of_both(trainee, batch);
}

Tensor desirable(const data::BatchPlan& plan, const std::vector<data::ThumbSample>& thumbs) {
  std::vector<std::int64_t> up;
  for (const auto& row : plan)
    for (const std::size_t index : row) up.push_back(thumbs[index].up ? 1 : 0);
  return at::tensor(up, at::kLong).to(at::kBool);
}

/// Sums over answers, so that batches of different sizes count by their answers.
struct Measured {
  double loss = 0, point = 0, right = 0, answers = 0;
  double up_reward = 0, ups = 0, down_reward = 0, downs = 0;

  void add(const Tensor& mean_loss, const Tensor& rewards, const Tensor& up, double batch_point, double beta) {
    const auto count = static_cast<double>(up.size(0));
    loss += mean_loss.item<double>() * count;
    point += batch_point * count;
    const Tensor over = rewards - beta * batch_point;
    right += (at::where(up, over, -over).gt(0).sum() + 0.5 * over.eq(0).sum()).item<double>();
    ups += up.sum().item<double>();
    up_reward += rewards.masked_select(up).sum().item<double>();
    downs += up.logical_not().sum().item<double>();
    down_reward += rewards.masked_select(up.logical_not()).sum().item<double>();
    answers += count;
  }
  void sum(const World& world) { world.sum({&loss, &point, &right, &answers, &up_reward, &ups, &down_reward, &downs}); }
  void put(StepValues& values, const std::string& prefix) const {
    values.insert(values.end(),
                  {{prefix + "loss", loss / answers}, {prefix + "accuracy", right / answers}, {prefix + "kl", point / answers}});
    if (ups > 0) values.emplace_back(prefix + "reward/chosen", up_reward / ups);
    if (downs > 0) values.emplace_back(prefix + "reward/rejected", down_reward / downs);
  }
};

Measured validate(const Trainee& trainee, const World& world, const std::vector<data::ThumbSample>& thumbs, const KtoConfig& config) {
  Measured out;
  for (const data::BatchPlan& plan : in_order(thumbs.size(), static_cast<std::size_t>(config.data.rows))) {
    const Logps others = without_gradient(trainee, mismatched_batch(plan, thumbs, world));
    const double point = kto_reference_point(others.policy, others.reference, world);
    const Part part = world.part(plan);
    if (part.plan.empty()) continue;
    const Logps own = without_gradient(trainee, token_batch(part.plan, thumbs));
    const Tensor up = desirable(part.plan, thumbs);
    out.add(kto_loss(own.policy, own.reference, up, point, config.loss), config.loss.beta * (own.policy - own.reference), up, point,
            config.loss.beta);
  }
  out.sum(world);
  return out;
}

/// One line: how many thumbs point where, and what they weigh.
std::string balance(const std::vector<data::ThumbSample>& thumbs, const KtoOptions& loss) {
  const auto ups = static_cast<double>(std::count_if(thumbs.begin(), thumbs.end(), [](const auto& thumb) { return thumb.up; }));
  const double downs = static_cast<double>(thumbs.size()) - ups;
  return fmt::format("thumbs: {} up, {} down; weighted {:.4g} to {:.4g} (the paper advises as much, or a little more, for up)", ups, downs,
                     ups * loss.desirable_weight, downs * loss.undesirable_weight);
}

}  // namespace

Result<void> kto(const Arguments& arguments) {
  KtoConfig config;
  runs::Fields fields;
  declare(fields, config);
  fields.number("loss.beta", config.loss.beta, {1e-6, 1e3}, "how much the reference holds");
  fields.number("loss.desirable_weight", config.loss.desirable_weight, {0, 1e3}, "of answers with a thumb up");
  fields.number("loss.undesirable_weight", config.loss.undesirable_weight, {0, 1e3}, "of answers with a thumb down");
  if (TRY(load_or_print(fields, arguments))) return {};
  if (config.model.train != "lora")
    return fail(ErrorCode::kInvalidInput, "kto trains an adapter, since the base without it is the reference (model.train: lora)",
                "model.train");
  if (config.data.rows < 2)
    return fail(ErrorCode::kInvalidInput, "kto compares answers of other prompts of a batch: batch.rows must be 2 or more", "batch.rows");
  const World world = TRY(open_world(config));

  const auto tokenizer = TRY(open_tokenizer(config));
  const auto data = TRY(data::load_thumbs(config.data, tokenizer));
  tell(world, data.notes);
  tell(world, {balance(data.train, config.loss)});
  Trainee trainee = TRY(open_base(config));
  TRY(check_vocabulary(tokenizer, trainee.model.shape()));
  tell(world, {describe(trainee)});

  auto batches = TRY(
      data::BatchStream::create(lengths_of(data.train), data.mix, batch_options(config.data, static_cast<std::uint64_t>(config.run.seed))));
  const std::int64_t steps = steps_of(config.run, static_cast<std::int64_t>(batches.batches(0)));
  const runs::Schedule schedule = schedule_of(config.optimizer, steps);
  const json::Object origin = TRY(origin_of(config, "kto", data));
  SessionOptions options = session_options(config, fields, arguments, origin, steps);
  options.world = &world;
  Session session = TRY(Session::open(options, trainee.optimizer, batches));

  while (!session.ended()) {
    Measured measured;
    double read = 0;
    for (std::int64_t i = 0; i < config.run.accumulate; ++i) {
      const data::BatchPlan& plan = batches.next();
      const TokenBatch mismatched = mismatched_batch(plan, data.train, world);
      const Logps others = without_gradient(trainee, mismatched);
      const double point = kto_reference_point(others.policy, others.reference, world);
      read += static_cast<double>(mismatched.tokens());
      const Part part = world.part(plan);
      if (part.plan.empty()) continue;
      const TokenBatch batch = token_batch(part.plan, data.train);
      const Tensor up = desirable(part.plan, data.train);
      const auto [policy, reference] = logps_of_both(trainee, batch);
      const Tensor loss = kto_loss(policy, reference, up, point, config.loss);
      (loss * part.weight / static_cast<double>(config.run.accumulate)).backward();
      measured.add(loss, config.loss.beta * (policy - reference).detach(), up, point, config.loss.beta);
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
      validation = held_out.loss / held_out.answers;
    }
    TRY(session.finish_step(std::move(values), static_cast<std::int64_t>(read), validation));
  }

  if (!world.leads()) return {};
  TRY(session.restore_best());
  ModelCard card;
  card.method = "Kahneman-Tversky optimisation on answers with thumbs.";
  card.data = {{"training answers", data.digest, static_cast<std::int64_t>(data.train.size())}};
  TRY(export_run(config, trainee, session, std::move(card)));
  std::vector<runs::ReportSample> shown;
  shown = TRY(shown_answers(config, tokenizer, session.folder().path() + "/adapter.gguf",
                            to_show(config, data, [](const data::ThumbSample& thumb) -> const data::Sample& { return thumb.sample; })));
  return write_report(trainee, session, std::move(shown));
}

}  // namespace steward::recipes
