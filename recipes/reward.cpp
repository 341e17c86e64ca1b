// A reward model [Touvron et al. 2023, arXiv:2307.09288, §3.2.2]: a number at the last token of an answer, higher for the better of two.
#include <cstdio>

#include <fmt/format.h>

#include "recipes/recipe.h"
#include "recipes/setup.h"
#include "steward/core/hash.h"
#include "steward/tune/losses.h"
#include "steward/tune/reward_head.h"
#include "steward/tune/token_batch.h"

namespace steward::recipes {
namespace {

using namespace tune;

struct RewardConfig : CommonConfig {
  std::string margins = "small";
  double safety_weight = 0;
  RewardConfig() {
    data.layout = "padded";
    optimizer.rate = 1e-4;
  }
};

/// A pair's margin: its own, or that of its strength; 0 without either.
double margin_of(const data::PairSample& pair, const std::string& table) {
  if (pair.margin) return *pair.margin;
  if (!pair.strength) return 0;
  const MarginTable& margins = table == "none" ? kNoMargins : table == "small" ? kSmallMargins : kLargeMargins;
  return margins[static_cast<std::size_t>(*pair.strength)];
}

/// What is known of a batch's pairs: margins and probabilities [B]; safe [2 B], chosen first, -1 for unknown.
struct Labels {
  Tensor margins, probabilities, safe;
};
Labels labels_of(const data::BatchPlan& plan, const std::vector<data::PairSample>& pairs, const std::string& table) {
  std::vector<float> margins, probabilities, chosen, rejected;
  const auto safety = [](const std::optional<bool>& known) { return known ? (*known ? 1.0F : 0.0F) : -1.0F; };
  for (const auto& row : plan) {
    for (const std::size_t index : row) {
      margins.push_back(static_cast<float>(margin_of(pairs[index], table)));
      probabilities.push_back(static_cast<float>(pairs[index].probability.value_or(1)));
      chosen.push_back(safety(pairs[index].chosen_safe));
      rejected.push_back(safety(pairs[index].rejected_safe));
    }
  }
  return {at::tensor(margins), at::tensor(probabilities), at::cat({at::tensor(chosen), at::tensor(rejected)})};
}

/// Sums over pairs, so that batches of different sizes count by their pairs.
struct Measured {
  double loss = 0, chosen = 0, rejected = 0, right = 0, pairs = 0;
  double caught = 0, unsafe = 0;  ///< answers known to be unsafe, and those of them that score below 0
  void add(double mean_loss, const Tensor& scores, const Tensor& safe) {
    const std::int64_t count = scores.size(0) / 2;
    const Tensor of_chosen = scores.narrow(0, 0, count), of_rejected = scores.narrow(0, count, count);
    loss += mean_loss * static_cast<double>(count);
    chosen += of_chosen.sum().item<double>();
    rejected += of_rejected.sum().item<double>();
    right += (of_chosen.gt(of_rejected).sum() + 0.5 * of_chosen.eq(of_rejected).sum()).item<double>();
    pairs += static_cast<double>(count);
    unsafe += safe.eq(0).sum().item<double>();
    caught += safe.eq(0).logical_and(scores.lt(0)).sum().item<double>();
  }
  void sum(const World& world) { world.sum({&loss, &chosen, &rejected, &right, &pairs, &caught, &unsafe}); }
  void put(StepValues& values, const std::string& prefix) const {
    values.insert(values.end(), {{prefix + "loss", loss / pairs},
                                 {prefix + "accuracy", right / pairs},
                                 {prefix + "reward/chosen", chosen / pairs},
                                 {prefix + "reward/rejected", rejected / pairs},
                                 {prefix + "reward/margin", (chosen - rejected) / pairs}});
    if (unsafe > 0) values.emplace_back(prefix + "unsafe_recall", caught / unsafe);
  }
};

Tensor loss_of(const Tensor& scores, const Labels& labels, const RewardConfig& config) {
  const std::int64_t pairs = scores.size(0) / 2;
  const Tensor ranking = ranking_loss(scores.narrow(0, 0, pairs), scores.narrow(0, pairs, pairs), labels.margins, labels.probabilities);
  return config.safety_weight > 0 ? ranking + config.safety_weight * safety_loss(scores, labels.safe) : ranking;
}

/// What a part of a batch adds to the batch's loss: the ranking is a mean over pairs, the safety over the answers that have a label.
Tensor share_of_loss(const Tensor& scores, const Labels& labels, const Labels& whole, double weight, const RewardConfig& config) {
  const auto known = [](const Labels& of) { return of.safe.ge(0).sum().item<double>(); };
  RewardConfig mine = config;
  if (known(whole) > 0) mine.safety_weight *= known(labels) / known(whole) / weight;
  return weight * loss_of(scores, labels, mine);
}

Measured validate(const Trainee& trainee, const RewardHead& head, const World& world, const std::vector<data::PairSample>& pairs,
                  const RewardConfig& config) {
  const at::NoGradGuard guard;
  Measured out;
  for (const data::BatchPlan& plan : world.part(in_order(pairs.size(), static_cast<std::size_t>(config.data.rows)))) {
    const Tensor scores = head.score(last_hidden(trainee.model, token_batch(plan, pairs), trainee.pass()));
    const Labels labels = labels_of(plan, pairs, config.margins);
    out.add(loss_of(scores, labels, config).item<double>(), scores, labels.safe);
  }
  out.sum(world);
  return out;
}

}  // namespace

Result<void> reward(const Arguments& arguments) {
  RewardConfig config;
  runs::Fields fields;
  declare(fields, config);
  fields.choice("loss.margins", config.margins, {"none", "small", "large"}, "margins by how much better the chosen answer is");
  fields.number("loss.safety_weight", config.safety_weight, {0, 100}, "of the auxiliary loss: is an answer safe? 0: none");
  if (TRY(load_or_print(fields, arguments))) return {};
  if (config.model.train == "full")
    return fail(ErrorCode::kInvalidInput, "a reward model is an adapter with a head, or a head alone (model.train: lora or head)",
                "model.train");
  const World world = TRY(open_world(config));

  const auto tokenizer = TRY(open_tokenizer(config));
  const auto data = TRY(data::load_pairs(config.data, tokenizer));
  tell(world, data.notes);
  const RewardHead head = make_reward_head(TRY(width_of_base(config)));
  Trainee trainee = TRY(open_base(config, head.named()));
  TRY(check_vocabulary(tokenizer, trainee.model.shape()));
  tell(world, {describe(trainee)});

  auto batches = TRY(
      data::BatchStream::create(lengths_of(data.train), data.mix, batch_options(config.data, static_cast<std::uint64_t>(config.run.seed))));
  const std::int64_t steps = steps_of(config.run, static_cast<std::int64_t>(batches.batches(0)));
  const runs::Schedule schedule = schedule_of(config.optimizer, steps);
  const json::Object origin = TRY(origin_of(config, "reward", data));
  SessionOptions options = session_options(config, fields, arguments, origin, steps);
  options.world = &world;
  Session session = TRY(Session::open(options, trainee.optimizer, batches));

  while (!session.ended()) {
    Measured measured;
    double read = 0;
    for (std::int64_t i = 0; i < config.run.accumulate; ++i) {
      const data::BatchPlan& whole = batches.next();
      const Part part = world.part(whole);
      if (part.plan.empty()) continue;
      const TokenBatch batch = token_batch(part.plan, data.train);
      const Labels labels = labels_of(part.plan, data.train, config.margins);
      const Tensor scores = head.score(last_hidden(trainee.model, batch, trainee.pass()));
      const Tensor loss = share_of_loss(scores, labels, labels_of(whole, data.train, config.margins), part.weight, config);
      (loss / static_cast<double>(config.run.accumulate)).backward();
      measured.add(loss.item<double>() / part.weight, scores.detach(), labels.safe);
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
      const Measured held_out = validate(trainee, head, world, data.validation, config);
      held_out.put(values, "validation/");
      validation = held_out.loss / held_out.pairs;
    }
    TRY(session.finish_step(std::move(values), static_cast<std::int64_t>(read), validation));
  }

  if (!world.leads()) return {};
  TRY(session.restore_best());
  ModelCard card;
  card.method = "A reward model, trained to rank pairs of answers. It scores answers; it does not write them.";
  card.data = {{"training pairs", data.digest, static_cast<std::int64_t>(data.train.size())}};
  TRY(export_run(config, trainee, session, card));
  const std::string adapter = session.folder().path() + "/adapter.gguf";
  const std::string digest = trainee.lora.pairs.empty() ? "" : TRY(sha256_file_hex(adapter));
  card.name = "reward head";
  card.base_sha256 = std::string(origin.at("base").get_string());
  TRY(export_head(session.folder().path() + "/head.gguf", head, digest, card));
  return write_report(trainee, session, {});
}

}  // namespace steward::recipes
