#pragma once

#include <memory>
#include <string>

#include "steward/model/language_model.h"

namespace steward::model {

struct LlamaOptions {
  std::string path;  ///< GGUF file
  std::string id;
  int context_per_sequence = 2048;  ///< tokens
  int sequences = 4;                ///< decoded side by side
  int threads = 0;                  ///< 0 = cores minus one, at least one
  int queue_max = 32;               ///< requests waiting beyond the sequences
  bool prefix_reuse = true;         ///< keep a sequence's tokens for the next request that begins alike
};

/// A model in this process, decoded by one engine thread with continuous batching. Destroying it cancels what runs.
/// Errors: kNotFound; kInvalidInput if the file is no whole GGUF model that llama.cpp reads.
Result<std::unique_ptr<LanguageModel>> open_llama(const LlamaOptions& options);

}  // namespace steward::model
