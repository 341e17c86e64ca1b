#pragma once

#include <memory>
#include <string>
#include <vector>

#include "steward/model/language_model.h"

namespace steward::model {

/// A LoRA adapter that is served as a model of its own.
struct AdapterOptions {
  std::string path;  ///< GGUF file of type adapter
  std::string id;
  std::string sha256;  ///< hex, or empty: not checked
  double scale = 1;    ///< of what the file adds; 0: the base
};

struct LlamaOptions {
  std::string path;  ///< GGUF file
  std::string id;
  int context_per_sequence = 2048;  ///< tokens
  int sequences = 4;                ///< decoded side by side
  int threads = 0;                  ///< 0 = cores minus one, at least one
  int queue_max = 32;               ///< requests waiting beyond the sequences
  bool prefix_reuse = true;         ///< keep a sequence's tokens for the next request that begins alike
  std::vector<AdapterOptions> adapters = {};
};

/// A model in this process, decoded by one engine thread with continuous batching: the base first, then one for each adapter, in order.
/// They share weights, context, engine and queue, which live until the last of them is destroyed; that cancels what runs.
/// Errors: kNotFound; kInvalidInput if a file is no whole GGUF file that llama.cpp reads, an adapter has another digest, or
/// was made for another model.
Result<std::vector<std::unique_ptr<LanguageModel>>> open_llama(const LlamaOptions& options);

}  // namespace steward::model
