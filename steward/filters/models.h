#pragma once

#include <functional>
#include <string>

#include "steward/core/result.h"
#include "steward/model/language_model.h"

namespace steward::filters {

/// Where a filter that asks a language model gets it, by the id that the policy names. The model outlives every filter that was made with
/// it. Called when a filter is made, from any thread. Empty where there are no models. Errors: kNotFound with the ids that there are; any
/// of opening the model.
using ModelSource = std::function<Result<model::LanguageModel*>(const std::string& id)>;

}  // namespace steward::filters
