#include "recipes/supervised.h"

#include <optional>

#include "steward/tune/token_batch.h"

namespace steward::recipes {

using namespace tune;

Result<SupervisedStep> supervised_step(const CommonConfig& config, Trainee& trainee, data::BatchStream& batches,
                                       const std::vector<data::Sample>& samples, const runs::Schedule& schedule, std::int64_t done,
                                       const World& world) {
  std::vector<TokenBatch> step;
  double read = 0;
  for (std::int64_t i = 0; i < config.run.accumulate; ++i) {
    const Part part = world.part(batches.next());
    if (part.plan.empty()) continue;
    step.push_back(token_batch(part.plan, samples));
    read += static_cast<double>(step.back().tokens());
  }
  world.sum({&read});
  const double loss = backward_token_loss(trainee.model, step, trainee.pass(), world);
  const double norm = clip_gradients(trainee.optimizer, config.optimizer.clip_norm);
  TRY(check_finite(done, loss, norm));
  const double rate = rate_at(schedule, done);
  trainee.optimizer.step(rate);
  return SupervisedStep{{{"loss", loss}, {"rate", rate}, {"gradient/norm", norm}, {"tokens", read}}, static_cast<std::int64_t>(read)};
}

Result<void> fine_tune(const CommonConfig& config, Trainee& trainee, data::BatchStream& batches, const std::vector<data::Sample>& train,
                       const std::vector<data::Sample>& validation, const runs::Schedule& schedule, Session& session, const World& world) {
  while (!session.ended()) {
    SupervisedStep step = TRY(supervised_step(config, trainee, batches, train, schedule, session.step(), world));
    std::optional<double> held_out;
    if (session.validates() && !validation.empty()) {
      held_out = mean_token_loss(trainee.model, validation, trainee.pass(), static_cast<std::size_t>(config.data.rows), world);
      step.values.emplace_back("validation/loss", *held_out);
    }
    TRY(session.finish_step(std::move(step.values), step.tokens, held_out));
  }
  return {};
}

}  // namespace steward::recipes
