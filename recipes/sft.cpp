// Supervised fine-tuning [Touvron et al. 2023, arXiv:2307.09288, §3.1]: the model learns the answers of a chat, token by token.
#include "recipes/recipe.h"
#include "recipes/setup.h"
#include "recipes/shown_answers.h"
#include "recipes/supervised.h"
#include "steward/data/data_config.h"
#include "steward/tune/session.h"
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

  TRY(fine_tune(config, trainee, batches, data.train, data.validation, schedule, session, world));
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
