#pragma once

#include <cstdint>
#include <vector>

#include "recipes/setup.h"
#include "steward/data/batches.h"
#include "steward/data/samples.h"
#include "steward/tune/session.h"
#include "steward/tune/trainee.h"

/// Supervised fine-tuning, of answers that were given and of answers that the model wrote itself.
namespace steward::recipes {

struct SupervisedStep {
  tune::StepValues values;  ///< the loss first
  std::int64_t tokens = 0;  ///< read
};
/// One step on the next `run.accumulate` batches, by all processes: every learned token counts alike. done: steps so far.
/// Errors: of check_finite().
Result<SupervisedStep> supervised_step(const CommonConfig& config, tune::Trainee& trainee, data::BatchStream& batches,
                                       const std::vector<data::Sample>& samples, const runs::Schedule& schedule, std::int64_t done,
                                       const tune::World& world);

/// Such steps to the session's end, validated by the mean loss of a token. validation: may be empty.
Result<void> fine_tune(const CommonConfig& config, tune::Trainee& trainee, data::BatchStream& batches,
                       const std::vector<data::Sample>& train, const std::vector<data::Sample>& validation, const runs::Schedule& schedule,
                       tune::Session& session, const tune::World& world);

}  // namespace steward::recipes
