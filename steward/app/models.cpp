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

}  // namespace steward::app
