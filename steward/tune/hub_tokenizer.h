#pragma once

#include <string>

#include "steward/core/result.h"

namespace steward::tune {

/// Writes the tokenizer of a base into a folder of the hub's form, so that `AutoTokenizer.from_pretrained(folder)` gives the ids that
/// llama.cpp gives: of a GGUF file, tokenizer.json and tokenizer_config.json with the chat template; of a folder, copies of its files.
/// A GGUF file without a vocabulary has none to write. Byte-level BPE alone, as SmolLM2, Llama 3 and GPT-2 cut their words.
/// Errors: kInvalidInput for another kind; kInternal, such as a full disk.
Result<void> write_hub_tokenizer(const std::string& folder, const std::string& base_path);

}  // namespace steward::tune
