#pragma once

#include "steward/tune/llama_weights.h"

/// The two forms of files behind load_llama(). Messages of errors do not name the file.
namespace steward::tune {

Result<LlamaWeights> load_gguf_file(const std::string& path, Precision precision);
Result<LlamaWeights> load_hub_folder(const std::string& path, Precision precision);
Result<LlamaShape> load_gguf_shape(const std::string& path);
Result<LlamaShape> load_hub_shape(const std::string& path);
/// Errors: kInvalidInput if no model can have such a shape.
Result<void> check_shape(const LlamaShape& shape);

}  // namespace steward::tune
