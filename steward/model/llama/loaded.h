#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "steward/model/llama/chat_template.h"
#include "steward/model/llama/engine.h"
#include "steward/model/llama/llama_model.h"

struct llama_adapter_lora;
struct llama_context;
struct llama_model;
struct llama_vocab;

namespace steward::model {

struct ModelDelete {
  void operator()(llama_model* model) const;
};
struct ContextDelete {
  void operator()(llama_context* context) const;
};
struct AdapterDelete {
  void operator()(llama_adapter_lora* adapter) const;
};

/// A file's weights with its adapters, the context that runs them, and the engine. Members are destroyed from the last to the first.
struct Loaded {
  std::unique_ptr<llama_model, ModelDelete> model;
  std::unique_ptr<llama_context, ContextDelete> context;
  const llama_vocab* vocab = nullptr;
  std::optional<ChatTemplate> chat_template;
  std::vector<std::unique_ptr<llama_adapter_lora, AdapterDelete>> adapters;
  std::vector<ModelRecord> records;  ///< of the base, then of each adapter
  std::unique_ptr<Engine> engine;    ///< last: its thread uses all of the above
};

/// Errors: those of open_llama.
Result<std::unique_ptr<Loaded>> load(const LlamaOptions& options);

/// A file's weights alone. Errors: kNotFound; kInvalidInput if it is no whole GGUF file that llama.cpp reads.
Result<std::unique_ptr<llama_model, ModelDelete>> load_weights(const std::string& path);
/// A LoRA of these weights. Errors: kNotFound; kInvalidInput if it is none, or was made for another model.
Result<std::unique_ptr<llama_adapter_lora, AdapterDelete>> load_lora(llama_model* model, const std::string& path);

/// Readies llama.cpp, once: its messages are kept for ours.
void prepare_library();
/// The last of llama.cpp's errors.
std::string last_library_error();

/// The text of a special token; empty for none.
std::string token_text(const llama_vocab* vocab, Token token);
Result<std::vector<Token>> tokenize(const llama_vocab* vocab, std::string_view text, bool add_special, bool parse_special);
/// Errors: kInvalidInput if a token is none of the vocabulary's.
Result<std::string> detokenize(const llama_vocab* vocab, std::span<const Token> tokens);
/// A template with the special tokens of the vocabulary. Errors: kInvalidInput.
Result<ChatTemplate> parse_template(const std::string& source, const llama_vocab* vocab);

}  // namespace steward::model
