#pragma once

#include <memory>

#include "steward/app/product.h"
#include "steward/model/language_model.h"

namespace steward::app {

/// Opens the model and checks its digest if the product pins one.
Result<std::unique_ptr<model::LanguageModel>> open_model(const ModelConfig& config);

}  // namespace steward::app
