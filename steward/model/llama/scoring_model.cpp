#include "steward/model/llama/scoring_model.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <llama.h>

#include "steward/core/hash.h"
#include "steward/model/encoder/weights_file.h"
#include "steward/model/llama/gguf_header.h"
#include "steward/model/llama/loaded.h"

namespace steward::model {
namespace {

constexpr int kBatchTokens = 512;

struct Head {
  std::vector<float> weight;
  float bias = 0;
};

Result<void> check_digest(const std::string& what, const std::string& path, const std::string& wanted) {
  const std::string digest = TRY(sha256_file_hex(path));
  if (digest == wanted) return {};
  return fail(ErrorCode::kInvalidInput, fmt::format("the head was trained with another {} than {}: that one has SHA-256 {}, this one {}",
                                                    what, path, wanted, digest));
}

Result<Head> read_head(const ScoringOptions& options, std::size_t width) {
  const WeightsFile file = TRY(WeightsFile::open(options.head));
  if (file.text("general.type") != "reward-head")
    return fail(ErrorCode::kInvalidInput, fmt::format("{} is no reward head: `steward-tune reward` writes them", options.head));
  TRY(check_digest("base", options.base, file.text("reward_head.base_sha256")));
  const std::string adapter = file.text("reward_head.adapter_sha256");
  if (adapter.empty() != options.adapter.empty())
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the head {} was trained {} an adapter: {}", options.head, adapter.empty() ? "without" : "with",
                            adapter.empty() ? "name none" : "name the one beside it"));
  if (!adapter.empty()) TRY(check_digest("adapter", options.adapter, adapter));
  Head out;
  out.weight = TRY(file.vector("head.weight", width));
  out.bias = TRY(file.vector("head.bias", 1)).front();
  return out;
}

llama_context_params context_params(const ScoringOptions& options) {
  llama_context_params params = llama_context_default_params();
  params.n_ctx = static_cast<std::uint32_t>(options.context_tokens);
  params.n_seq_max = 1;
  params.n_batch = params.n_ubatch = kBatchTokens;
  params.embeddings = true;
  params.pooling_type = LLAMA_POOLING_TYPE_NONE;
  // As the trainer: keys and values in float32, which flash attention would round to float16.
  params.type_k = params.type_v = GGML_TYPE_F32;
  params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  params.n_threads = params.n_threads_batch = options.threads > 0 ? options.threads : std::max(1, cores - 1);
  params.no_perf = true;
  return params;
}

/// The oldest message that may go: not the system's, not the last.
std::optional<std::size_t> oldest(const std::vector<ChatMessage>& messages) {
  const std::size_t first = messages.front().role == "system" ? 1 : 0;
  return first + 1 < messages.size() ? std::optional(first) : std::nullopt;
}

}  // namespace

struct ScoringModel::Parts {
  std::unique_ptr<llama_model, ModelDelete> model;
  std::unique_ptr<llama_adapter_lora, AdapterDelete> adapter;
  std::unique_ptr<llama_context, ContextDelete> context;
  const llama_vocab* vocab = nullptr;
  std::optional<ChatTemplate> chat_template;
  Head head;
  std::string digest;
  std::size_t tokens_max = 0;
  std::mutex mutex;  ///< of the context

  Result<std::vector<Token>> tokens_of(const std::vector<ChatMessage>& messages) const;
};

ScoringModel::ScoringModel(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ScoringModel::~ScoringModel() = default;
const std::string& ScoringModel::digest() const { return parts_->digest; }

Result<std::unique_ptr<ScoringModel>> ScoringModel::open(const ScoringOptions& options) {
  TRY(read_gguf_header(options.base));
  prepare_library();
  auto parts = std::make_unique<Parts>();
  llama_model_params params = llama_model_default_params();
  params.n_gpu_layers = 0;
  parts->model.reset(llama_model_load_from_file(options.base.c_str(), params));
  if (!parts->model)
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} is not a whole model that this program reads ({})", options.base, last_library_error()));
  parts->head = TRY(read_head(options, static_cast<std::size_t>(llama_model_n_embd(parts->model.get()))));
  parts->digest = TRY(sha256_file_hex(options.head));
  if (!options.adapter.empty()) {
    TRY(read_gguf_header(options.adapter));
    parts->adapter.reset(llama_adapter_lora_init(parts->model.get(), options.adapter.c_str()));
    if (!parts->adapter)
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("the adapter {} does not fit {} ({})", options.adapter, options.base, last_library_error()));
  }
  parts->context.reset(llama_init_from_model(parts->model.get(), context_params(options)));
  if (!parts->context) return fail(ErrorCode::kUnavailable, "no memory for the scoring model's context: lower context_tokens");
  if (llama_adapter_lora* adapter = parts->adapter.get()) {
    float scale = 1;
    llama_set_adapters_lora(parts->context.get(), &adapter, 1, &scale);
  }
  parts->vocab = llama_model_get_vocab(parts->model.get());
  parts->tokens_max = static_cast<std::size_t>(options.context_tokens);
  if (const char* source = llama_model_chat_template(parts->model.get(), nullptr)) {
    ChatTemplate read = TRY(parse_template(source, parts->vocab));
    parts->chat_template.emplace(std::move(read));
  }
  return std::unique_ptr<ScoringModel>(new ScoringModel(std::move(parts)));
}

Result<std::vector<Token>> ScoringModel::Parts::tokens_of(const std::vector<ChatMessage>& messages) const {
  std::vector<Token> out;
  const Token bos = llama_vocab_bos(vocab);
  for (const PromptPart& part : TRY(chat_template->render(messages, PromptEnd::kMessages))) {
    const auto tokens = TRY(model::tokenize(vocab, part.text, false, !part.is_input));
    out.insert(out.end(), tokens.begin(), tokens.end());
  }
  if (llama_vocab_get_add_bos(vocab) && bos >= 0 && (out.empty() || out.front() != bos)) out.insert(out.begin(), bos);
  return out;
}

Result<double> ScoringModel::score(const std::vector<ChatMessage>& messages) const {
  if (!parts_->chat_template) return fail(ErrorCode::kInvalidInput, "the scoring model has no chat template");
  if (messages.empty()) return fail(ErrorCode::kInvalidInput, "there is no message to score");
  std::vector<ChatMessage> kept = messages;
  std::vector<Token> tokens = TRY(parts_->tokens_of(kept));
  while (tokens.size() > parts_->tokens_max) {
    const auto gone = oldest(kept);
    if (!gone) break;
    kept.erase(kept.begin() + static_cast<std::ptrdiff_t>(*gone));
    tokens = TRY(parts_->tokens_of(kept));
  }
  return score(tokens);
}

Result<double> ScoringModel::score(std::span<const Token> tokens) const {
  if (tokens.empty() || tokens.size() > parts_->tokens_max)
    return fail(ErrorCode::kTooLarge,
                fmt::format("{} tokens are to be scored, from 1 to {} can be: raise context_tokens", tokens.size(), parts_->tokens_max));
  const std::lock_guard lock(parts_->mutex);
  llama_context* context = parts_->context.get();
  llama_memory_clear(llama_get_memory(context), false);
  std::vector<Token> all(tokens.begin(), tokens.end());
  for (std::size_t at = 0; at < all.size(); at += kBatchTokens) {
    const auto count = static_cast<int>(std::min<std::size_t>(kBatchTokens, all.size() - at));
    if (llama_decode(context, llama_batch_get_one(all.data() + at, count)) != 0)
      return fail(ErrorCode::kInternal, "the scoring model could not read a text: " + last_library_error());
  }
  const float* hidden = llama_get_embeddings_ith(context, -1);
  if (!hidden) return fail(ErrorCode::kInternal, "the scoring model gives no hidden states");
  double out = parts_->head.bias;
  for (std::size_t i = 0; i < parts_->head.weight.size(); ++i) out += static_cast<double>(parts_->head.weight[i]) * hidden[i];
  return out;
}

}  // namespace steward::model
