#pragma once

#include <functional>
#include <string>

#include "steward/core/result.h"
#include "steward/tune/gguf_writer.h"
#include "steward/tune/llama.h"
#include "steward/tune/model_card.h"

namespace steward::tune {

/// A LoRA as a GGUF file that llama.cpp, and so the gateway, loads beside its base.
/// Errors: kInvalidInput if a number is not finite; kInternal, such as a full disk. The same for all below.
Result<void> export_adapter(const std::string& path, const Lora& lora, const ModelCard& card);

/// What a tensor of the base, float32, becomes.
using Change = std::function<Tensor(const std::string& name, const Tensor& base)>;
Change adding(const Lora& lora);
/// Full fine-tuning: tensors replace those of the base.
Change replacing(const std::map<std::string, Tensor>& tensors);

/// A whole model as a GGUF file: tokenizer, template and all other metadata are those of the base's file. What was changed is
/// dithered in Q8_0.
/// Errors: also kNotFound; kInvalidInput if the base is no GGUF file.
Result<void> export_merged(const std::string& path, const std::string& base_path, const Change& change, NumberFormat format,
                           const ModelCard& card);

/// A LoRA as a folder of the hub, as PEFT reads it: adapter_config.json, adapter_model.safetensors, README.md. It must not exist.
Result<void> export_hub_adapter(const std::string& folder, const LlamaShape& shape, const Lora& lora, const ModelCard& card);

/// A whole model as a folder of the hub: config.json, model.safetensors (float16), README.md, and the tokenizer (hub_tokenizer.h).
/// base_path: as load_llama().
Result<void> export_hub_model(const std::string& folder, const std::string& base_path, const Change& change, const ModelCard& card);

}  // namespace steward::tune
