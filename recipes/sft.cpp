// Supervised fine-tuning [Touvron et al. 2023, arXiv:2307.09288, §3.1]: the model learns the answers of a chat, token by token.
#include <cstdio>

#include <fmt/format.h>

#include "recipes/recipe.h"
#include "recipes/setup.h"
#include "recipes/shown_answers.h"
#include "steward/data/data_config.h"
#include "steward/tune/session.h"
#include "steward/tune/token_batch.h"
#include "steward/tune/trainee.h"

namespace steward::recipes {
namespace {

using namespace tune;

struct SftConfig : CommonConfig {
  SftConfig() { optimizer.rate = 2e-4; }
};

/// Mean loss of a token, in nats.
double validate(const Trainee& trainee, const std::vector<data::Sample>& samples, std::size_t at_once) {
  const at::NoGradGuard guard;
  double sum = 0, count = 0;
  for (const data::BatchPlan& plan : in_order(samples.size(), at_once)) {
    const TokenBatch batch = token_batch(plan, samples);
    sum += weighted_nll(predict(trainee.model, batch, trainee.pass()), at::ones_like(batch.targets, at::kFloat)).item<double>();
    count += static_cast<double>(batch.learned());
  }
  return sum / count;
}

}  // namespace

Result<void> sft(const Arguments& arguments) {
  SftConfig config;
  runs::Fields fields;
  declare(fields, config);
  if (TRY(load_or_print(fields, arguments))) return {};
  set_compute({static_cast<int>(config.run.threads)});

  const auto tokenizer = TRY(open_tokenizer(config));
  const auto data = TRY(data::load_samples(config.data, tokenizer));
  for (const std::string& note : data.notes) fmt::print(stderr, "{}\n", note);
  Trainee trainee = TRY(open_base(config));
  TRY(check_vocabulary(tokenizer, trainee.model.shape()));
  fmt::print(stderr, "{}\n", describe(trainee));

  auto batches = TRY(
      data::BatchStream::create(lengths_of(data.train), data.mix, batch_options(config.data, static_cast<std::uint64_t>(config.run.seed))));
  const std::int64_t steps = steps_of(config.run, static_cast<std::int64_t>(batches.batches(0)));
  const runs::Schedule schedule = schedule_of(config.optimizer, steps);
  const json::Object origin = TRY(origin_of(config, "sft", data));
  Session session = TRY(Session::open({.run = config.run,
                                       .config = fields.print(),
                                       .origin = origin,
                                       .steps = steps,
                                       .resume = arguments.resume,
                                       .record = arguments.record},
                                      trainee.optimizer, batches));

  while (!session.ended()) {
    std::vector<TokenBatch> step;
    std::int64_t learned = 0, read = 0;
    for (std::int64_t i = 0; i < config.run.accumulate; ++i) {
      step.push_back(token_batch(batches.next(), data.train));
      learned += step.back().learned();
      read += step.back().tokens();
    }
    // Every token of the step counts alike, whichever batch it is in.
    double loss = 0;
    for (const TokenBatch& batch : step) {
      const Tensor weights = at::full({batch.learned()}, 1.0 / static_cast<double>(learned));
      const Tensor part = weighted_nll(predict(trainee.model, batch, trainee.pass()), weights);
      part.backward();
      loss += part.item<double>();
    }
    const double norm = clip_gradients(trainee.optimizer.parameters(), config.optimizer.clip_norm);
    TRY(check_finite(session.step(), loss, norm));
    const double rate = rate_at(schedule, session.step());
    trainee.optimizer.step(rate);

    StepValues values = {{"loss", loss}, {"rate", rate}, {"gradient/norm", norm}, {"tokens", static_cast<double>(read)}};
    std::optional<double> validation;
    if (session.validates() && !data.validation.empty()) {
      validation = validate(trainee, data.validation, static_cast<std::size_t>(config.data.rows));
      values.emplace_back("validation/loss", *validation);
    }
    TRY(session.finish_step(std::move(values), read, validation));
  }

  TRY(session.restore_best());
  ModelCard card;
  card.method = "Supervised fine-tuning on answers.";
  card.data = {{"training rows", data.digest, static_cast<std::int64_t>(data.train.size())}};
  TRY(export_run(config, trainee, session, std::move(card)));
  std::vector<runs::ReportSample> shown;
  if (!trainee.lora.pairs.empty())
    shown = TRY(shown_answers(config, tokenizer, session.folder().path() + "/adapter.gguf",
                              to_show(config, data, [](const data::Sample& sample) -> const data::Sample& { return sample; })));
  return write_report(trainee, session, std::move(shown));
}

}  // namespace steward::recipes
