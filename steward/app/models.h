#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "steward/app/encoders.h"
#include "steward/app/product.h"
#include "steward/app/scoring_models.h"
#include "steward/filters/models.h"
#include "steward/model/language_model.h"

namespace steward::app {

/// Opens the model and its adapters, in this order, and checks the digests that the product pins.
Result<std::vector<std::unique_ptr<model::LanguageModel>>> open_models(const ModelConfig& config);

/// The models of a product, each opened when it is first asked for, with its adapters. Thread-safe; closes them when destroyed.
class ProductModels {
 public:
  /// Reads DIR/product.yaml only when a model is asked for.
  explicit ProductModels(std::string directory) : directory_(std::move(directory)) {}
  explicit ProductModels(const Product& product) : directory_(product.directory), configs_(product.models) {}
  ProductModels(const ProductModels&) = delete;

  /// Errors: kNotFound with the ids that there are; of load_product and open_models.
  Result<model::LanguageModel*> find(const std::string& id);
  /// All of them, in the product's order. Errors: of load_product and open_models.
  Result<std::vector<model::LanguageModel*>> open_all();
  /// Closes what was opened; what find() gave is gone.
  void close();
  /// For filters, which this must outlive.
  filters::ModelSource source() {
    return [this](const std::string& id) { return find(id); };
  }
  /// The same, with sentence encoders and scoring models that all filters share.
  filters::Models for_filters() { return {source(), encoders_.source(), scoring_.source()}; }

 private:
  using Opened = std::vector<std::unique_ptr<model::LanguageModel>>;
  Result<void> read_configs();
  Result<const Opened*> open(std::size_t index);

  const std::string directory_;
  Encoders encoders_;
  ScoringModels scoring_;
  std::mutex mutex_;
  std::optional<std::vector<ModelConfig>> configs_;
  std::vector<std::optional<Opened>> opened_;  ///< one for each config that was asked for, by its index
};

}  // namespace steward::app
