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

}  // namespace

Result<void> sft(const Arguments& arguments) {
  SftConfig config;
  runs::Fields fields;
  declare(fields, config);
  if (TRY(load_or_print(fields, arguments))) return {};
  const World world = TRY(open_world(config));

  const auto tokenizer = TRY(open_tokenizer(config));
  const auto data = TRY(data::load_samples(config.data, tokenizer));
  tell(world, data.notes);
  Trainee trainee = TRY(open_base(config));
  TRY(check_vocabulary(tokenizer, trainee.model.shape()));
  tell(world, {describe(trainee)});

  auto batches = TRY(
      data::BatchStream::create(lengths_of(data.train), data.mix, batch_options(config.data, static_cast<std::uint64_t>(config.run.seed))));
  const std::int64_t steps = steps_of(config.run, static_cast<std::int64_t>(batches.batches(0)));
  const runs::Schedule schedule = schedule_of(config.optimizer, steps);
  const json::Object origin = TRY(origin_of(config, "sft", data));
  SessionOptions options = session_options(config, fields, arguments, origin, steps);
  options.world = &world;
  Session session = TRY(Session::open(options, trainee.optimizer, batches));

  while (!session.ended()) {
    std::vector<TokenBatch> step;
    double read = 0;
    for (std::int64_t i = 0; i < config.run.accumulate; ++i) {
      const Part part = world.part(batches.next());
      if (part.plan.empty()) continue;
      step.push_back(token_batch(part.plan, data.train));
      read += static_cast<double>(step.back().tokens());
    }
    world.sum({&read});
    const double loss = backward_token_loss(trainee.model, step, trainee.pass(), world);
    const double norm = clip_gradients(trainee.optimizer, config.optimizer.clip_norm);
    TRY(check_finite(session.step(), loss, norm));
    const double rate = rate_at(schedule, session.step());
    trainee.optimizer.step(rate);

    StepValues values = {{"loss", loss}, {"rate", rate}, {"gradient/norm", norm}, {"tokens", read}};
    std::optional<double> validation;
    if (session.validates() && !data.validation.empty()) {
      validation = mean_token_loss(trainee.model, data.validation, trainee.pass(), static_cast<std::size_t>(config.data.rows), world);
      values.emplace_back("validation/loss", *validation);
    }
    TRY(session.finish_step(std::move(values), static_cast<std::int64_t>(read), validation));
  }

  if (!world.leads()) return {};
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
