#include "steward/model/llama/loaded.h"

#include <algorithm>
#include <mutex>
#include <thread>

#include <fmt/format.h>
#include <llama.h>

#include "steward/core/hash.h"
#include "steward/model/llama/gguf_header.h"

namespace steward::model {
namespace {

/// llama.cpp speaks through one process-wide callback: the last error is kept for our own message.
std::mutex last_error_mutex;
std::string last_error;  // NOLINT: the library offers no other way

void keep_errors(ggml_log_level level, const char* text, void*) {
  if (level != GGML_LOG_LEVEL_ERROR) return;
  const std::lock_guard lock(last_error_mutex);
  last_error = text;
  while (!last_error.empty() && last_error.back() == '\n') last_error.pop_back();
}

std::string metadata(const llama_model* model, const char* key) {
  std::string out(256, '\0');
  int length = llama_model_meta_val_str(model, key, out.data(), out.size());
  if (length < 0) return {};
  if (static_cast<std::size_t>(length) >= out.size()) {
    out.resize(static_cast<std::size_t>(length) + 1);
    length = llama_model_meta_val_str(model, key, out.data(), out.size());
  }
  out.resize(static_cast<std::size_t>(length));
  return out;
}

ModelRecord make_record(const llama_model* model, const LlamaOptions& options, std::string sha256) {
  ModelRecord record;
  record.id = options.id;
  record.path = options.path;
  record.sha256 = std::move(sha256);
  record.architecture = metadata(model, "general.architecture");
  record.name = metadata(model, "general.name");
  record.license = metadata(model, "general.license");
  record.parameters = static_cast<std::int64_t>(llama_model_n_params(model));
  record.context_length = llama_model_n_ctx_train(model);
  record.vocabulary = llama_vocab_n_tokens(llama_model_get_vocab(model));
  std::string text(256, '\0');
  text.resize(static_cast<std::size_t>(std::max(0, llama_model_desc(model, text.data(), text.size()))));
  record.quantization = text;
  for (int i = 0; i < llama_model_meta_count(model); ++i) {
    char key[128] = {};
    char value[512] = {};
    if (llama_model_meta_key_by_index(model, i, key, sizeof key) < 0 ||
        llama_model_meta_val_str_by_index(model, i, value, sizeof value) < 0)
      continue;
    if (std::string_view(key).starts_with("general.")) record.metadata[key] = value;
  }
  return record;
}

/// The base's record, with the adapter's own names and fields.
ModelRecord adapter_record(const ModelRecord& base, const AdapterOptions& options, const GgufHeader& header, std::string sha256) {
  ModelRecord record = base;
  record.id = options.id;
  record.path = options.path;
  record.sha256 = std::move(sha256);
  record.name = header.text("general.name");
  record.license = header.text("general.license");
  record.metadata = {};
  for (const auto& [key, value] : header.scalars) {
    const auto* text = std::get_if<std::string>(&value);
    if (text && key.starts_with("general.")) record.metadata[key] = *text;
  }
  record.metadata["adapter.base"] = base.id;
  record.metadata["adapter.base_sha256"] = base.sha256;
  record.metadata["adapter.scale"] = options.scale;
  return record;
}

Result<void> load_adapter(const AdapterOptions& options, Loaded& out) {
  const ModelRecord& base = out.records.front();
  const GgufHeader header = TRY(read_gguf_header(options.path));
  std::string sha256 = TRY(sha256_file_hex(options.path));
  if (!options.sha256.empty() && sha256 != options.sha256)
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the adapter {} has sha256 {}, product.yaml pins {}: another file?", options.path, sha256, options.sha256));
  auto adapter = TRY(load_lora(out.model.get(), options.path));
  out.records.push_back(adapter_record(base, options, header, std::move(sha256)));
  out.adapters.push_back(std::move(adapter));
  return {};
}

llama_context_params context_params(const LlamaOptions& options) {
  llama_context_params params = llama_context_default_params();
  params.n_ctx = static_cast<std::uint32_t>(options.context_per_sequence * options.sequences);
  params.n_seq_max = static_cast<std::uint32_t>(options.sequences);
  params.n_batch = 512;
  params.n_ubatch = 512;
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  params.n_threads = options.threads > 0 ? options.threads : std::max(1, cores - 1);
  params.n_threads_batch = params.n_threads;
  params.no_perf = true;
  return params;
}

}  // namespace

void ModelDelete::operator()(llama_model* model) const { llama_model_free(model); }
void ContextDelete::operator()(llama_context* context) const { llama_free(context); }
void AdapterDelete::operator()(llama_adapter_lora* adapter) const { llama_adapter_lora_free(adapter); }

void prepare_library() {
  static std::once_flag once;
  std::call_once(once, [] {
    llama_log_set(keep_errors, nullptr);
    llama_backend_init();
  });
}

std::string last_library_error() {
  const std::lock_guard lock(last_error_mutex);
  return last_error;
}

std::string token_text(const llama_vocab* vocab, Token token) {
  const char* text = token >= 0 ? llama_vocab_get_text(vocab, token) : nullptr;
  return text ? text : "";
}

Result<std::vector<Token>> tokenize(const llama_vocab* vocab, std::string_view text, bool add_special, bool parse_special) {
  std::vector<Token> tokens(text.size() + 8);
  const int count = llama_tokenize(vocab, text.data(), static_cast<int>(text.size()), tokens.data(), static_cast<int>(tokens.size()),
                                   add_special, parse_special);
  if (count < 0) return fail(ErrorCode::kInternal, "the tokenizer gave more tokens than bytes");
  tokens.resize(static_cast<std::size_t>(count));
  return tokens;
}

Result<std::string> detokenize(const llama_vocab* vocab, std::span<const Token> tokens) {
  const int vocabulary = llama_vocab_n_tokens(vocab);
  for (const Token token : tokens)
    if (token < 0 || token >= vocabulary)
      return fail(ErrorCode::kInvalidInput, fmt::format("token ids are from 0 to {}", vocabulary - 1), "tokens");
  const int count = static_cast<int>(tokens.size());
  std::string out(tokens.size() * 16 + 32, '\0');
  int length = llama_detokenize(vocab, tokens.data(), count, out.data(), static_cast<int>(out.size()), false, true);
  if (length < 0) {
    out.resize(static_cast<std::size_t>(-length));
    length = llama_detokenize(vocab, tokens.data(), count, out.data(), static_cast<int>(out.size()), false, true);
  }
  out.resize(static_cast<std::size_t>(std::max(length, 0)));
  return out;
}

Result<ChatTemplate> parse_template(const std::string& source, const llama_vocab* vocab) {
  return ChatTemplate::parse(source, token_text(vocab, llama_vocab_bos(vocab)), token_text(vocab, llama_vocab_eos(vocab)));
}

Result<std::unique_ptr<llama_model, ModelDelete>> load_weights(const std::string& path) {
  TRY(read_gguf_header(path));
  prepare_library();
  llama_model_params params = llama_model_default_params();
  params.n_gpu_layers = 0;
  std::unique_ptr<llama_model, ModelDelete> out(llama_model_load_from_file(path.c_str(), params));
  if (!out)
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} is not a whole model that this program reads ({}): fetch it again", path, last_library_error()));
  return out;
}

Result<std::unique_ptr<llama_adapter_lora, AdapterDelete>> load_lora(llama_model* model, const std::string& path) {
  const GgufHeader header = TRY(read_gguf_header(path));
  if (header.text("general.type") != "adapter" || header.text("adapter.type") != "lora")
    return fail(ErrorCode::kInvalidInput, fmt::format("{} is no LoRA adapter: convert it with llama.cpp's convert_lora_to_gguf.py", path));
  if (header.text("general.architecture") != metadata(model, "general.architecture"))
    return fail(ErrorCode::kInvalidInput, fmt::format("the adapter {} was made for a model of another architecture", path));
  std::unique_ptr<llama_adapter_lora, AdapterDelete> out(llama_adapter_lora_init(model, path.c_str()));
  if (!out)
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the adapter {} does not fit its base: was it made for another model? ({})", path, last_library_error()));
  if (llama_adapter_get_alora_n_invocation_tokens(out.get()) > 0)
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the adapter {} is switched on by words in the prompt, which is not supported", path));
  return out;
}

Result<std::unique_ptr<Loaded>> load(const LlamaOptions& options) {
  auto out = std::make_unique<Loaded>();
  out->model = TRY(load_weights(options.path));
  out->vocab = llama_model_get_vocab(out->model.get());
  std::string sha256 = TRY(sha256_file_hex(options.path));
  out->records.push_back(make_record(out->model.get(), options, std::move(sha256)));
  for (const AdapterOptions& adapter : options.adapters) TRY(load_adapter(adapter, *out));
  // After the adapters: a context is planned for those that its model has.
  out->context.reset(llama_init_from_model(out->model.get(), context_params(options)));
  if (!out->context)
    return fail(ErrorCode::kUnavailable, "no memory for the model's context: lower context_tokens or sequences in product.yaml");
  if (const char* source = llama_model_chat_template(out->model.get(), nullptr)) {
    ChatTemplate read = TRY(parse_template(source, out->vocab));
    out->chat_template.emplace(std::move(read));
  }
  std::vector<Adapter> adapters;
  for (std::size_t i = 0; i < out->adapters.size(); ++i)
    adapters.push_back({out->adapters[i].get(), static_cast<float>(options.adapters[i].scale)});
  out->engine = std::make_unique<Engine>(out->model.get(), out->context.get(), std::move(adapters), options);
  return out;
}

}  // namespace steward::model
