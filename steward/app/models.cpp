#include "steward/app/models.h"

#include <fmt/format.h>

#include "steward/core/clock.h"
#include "steward/core/files.h"
#include "steward/model/llama/llama_model.h"

namespace steward::app {
namespace {

Result<std::unique_ptr<model::LanguageModel>> open_upstream(const UpstreamConfig& upstream) {
  static const SteadyClock clock;
  model::RemoteOptions options = upstream.options;
  options.api_key = TRY(read_key(upstream.api_key_env, upstream.api_key_file));
  return model::open_remote(options, clock);
}

}  // namespace

Result<std::vector<std::unique_ptr<model::LanguageModel>>> open_models(const ModelConfig& config) {
  if (config.upstream) {
    std::vector<std::unique_ptr<model::LanguageModel>> models;
    models.push_back(TRY(open_upstream(*config.upstream)));
    return models;
  }
  model::LlamaOptions options;
  options.path = config.path;
  options.id = config.id;
  options.context_per_sequence = config.context_tokens;
  options.sequences = config.sequences;
  options.threads = config.threads;
  options.queue_max = config.queued_requests_max;
  for (const AdapterConfig& adapter : config.adapters)
    options.adapters.push_back({adapter.path, adapter.id, adapter.sha256, adapter.scale});
  auto models = TRY(model::open_llama(options));
  if (!config.sha256.empty() && models.front()->record().sha256 != config.sha256)
    return fail(ErrorCode::kInvalidInput, fmt::format("{} has sha256 {}, product.yaml pins {}: another file?", config.path,
                                                      models.front()->record().sha256, config.sha256));
  return models;
}

Result<void> ProductModels::read_configs() {
  if (!configs_) configs_ = TRY(load_product(directory_)).models;
  opened_.resize(configs_->size());
  return {};
}

Result<const ProductModels::Opened*> ProductModels::open(std::size_t index) {
  if (!opened_[index]) opened_[index] = TRY(open_models((*configs_)[index]));
  return &*opened_[index];
}

Result<model::LanguageModel*> ProductModels::find(const std::string& id) {
  const std::lock_guard lock(mutex_);
  TRY(read_configs());
  std::string known;
  for (std::size_t i = 0; i < configs_->size(); ++i) {
    const ModelConfig& config = (*configs_)[i];
    std::vector<std::string> ids = {config.id};
    for (const AdapterConfig& adapter : config.adapters) ids.push_back(adapter.id);
    for (std::size_t at = 0; at < ids.size(); ++at) {
      if (ids[at] == id) return (*TRY(open(i)))[at].get();
      known += (known.empty() ? "" : ", ") + ids[at];
    }
  }
  return fail(ErrorCode::kNotFound, fmt::format("the product has no model '{}'; it has: {}", id, known));
}

Result<std::vector<model::LanguageModel*>> ProductModels::open_all() {
  const std::lock_guard lock(mutex_);
  TRY(read_configs());
  std::vector<model::LanguageModel*> all;
  for (std::size_t i = 0; i < configs_->size(); ++i)
    for (const auto& model : *TRY(open(i))) all.push_back(model.get());
  return all;
}

void ProductModels::close() {
  const std::lock_guard lock(mutex_);
  opened_.clear();
}

}  // namespace steward::app
