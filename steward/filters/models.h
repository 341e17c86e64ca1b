#pragma once

#include <functional>
#include <memory>
#include <string>

#include "steward/core/result.h"
#include "steward/model/encoder/encoder.h"
#include "steward/model/language_model.h"
#include "steward/model/llama/scoring_model.h"

namespace steward::filters {

/// Where a filter that asks a language model gets it, by the id that the policy names. The model outlives every filter that was made with
/// it. Called when a filter is made, from any thread. Empty where there are no models. Errors: kNotFound with the ids that there are; any
/// of opening the model.
using ModelSource = std::function<Result<model::LanguageModel*>(const std::string& id)>;

/// Where a filter gets the sentence encoder of a file. The encoder is shared with all who read the same file the same way, and lives as
/// long as one of them. Empty: each filter opens its own. Called as above. Errors: of model::open_encoder.
using EncoderSource =
    std::function<Result<std::shared_ptr<const model::Encoder>>(const std::string& path, const model::EncoderOptions& options)>;

/// Where a filter gets a model that scores. Shared as encoders are. Empty: each filter opens its own. Errors: of ScoringModel::open().
using ScoringSource = std::function<Result<std::shared_ptr<const model::ScoringModel>>(const model::ScoringOptions& options)>;

/// All of them, from the composition root.
struct Models {
  ModelSource language = {};
  EncoderSource encoders = {};
  ScoringSource scoring = {};
};

}  // namespace steward::filters
