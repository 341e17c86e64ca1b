#pragma once

#include <memory>
#include <vector>

#include "steward/app/product.h"
#include "steward/model/language_model.h"

namespace steward::app {

/// Opens the model and its adapters, in this order, and checks the digests that the product pins.
Result<std::vector<std::unique_ptr<model::LanguageModel>>> open_models(const ModelConfig& config);

}  // namespace steward::app
