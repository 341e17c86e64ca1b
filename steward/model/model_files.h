#pragma once

#include <string>

#include "steward/core/result.h"

namespace steward::model {

/// Folder of the models that set-up fetched, STEWARD_MODELS_DIR, else where set-up puts them.
std::string fetched_models_dir();
/// `name` as a path, or else as a file of that folder. Errors: kNotFound with the places that were looked at.
Result<std::string> find_model_file(const std::string& name);

}  // namespace steward::model
