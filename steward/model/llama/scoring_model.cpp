#include "steward/model/llama/scoring_model.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <llama.h>

#include "steward/core/hash.h"
#include "steward/core/json.h"
#include "steward/model/encoder/weights_file.h"
#include "steward/model/llama/gguf_header.h"
#include "steward/model/llama/loaded.h"

namespace steward::model {
namespace {

constexpr int kBatchTokens = 512;

struct Heads {
  std::vector<std::string> labels;  ///< empty: one head, of a reward
  std::vector<float> weight;        ///< [heads · width]
  std::vector<float> bias;          ///< [heads]
};

Result<void> check_digest(const std::string& what, const std::string& path, const std::string& wanted) {
  const std::string digest = TRY(sha256_file_hex(path));
  if (digest == wanted) return {};
  return fail(ErrorCode::kInvalidInput, fmt::format("the head was trained with another {} than {}: that one has SHA-256 {}, this one {}",
                                                    what, path, wanted, digest));
}

/// A JSON list of texts, at least one.
Result<std::vector<std::string>> read_labels(const WeightsFile& file, const std::string& path) {
  std::vector<std::string> out;
  const auto value = json::parse(file.text("class_heads.labels"));
  if (value && value->is_array())
    for (const json::Value& label : value->get_array())
      if (label.is_string()) out.emplace_back(label.get_string());
  if (out.empty()) return fail(ErrorCode::kInvalidInput, fmt::format("{} names no labels (class_heads.labels)", path));
  return out;
}

Result<Heads> read_heads(const ScoringOptions& options, std::size_t width) {
  const WeightsFile file = TRY(WeightsFile::open(options.head));
  const std::string type = file.text("general.type");
  if (type != "reward-head" && type != "class-heads")
    return fail(
        ErrorCode::kInvalidInput,
        fmt::format("{} is no reward head and holds no class heads: `steward-tune reward` and `llm-classifier` write them", options.head));
  const std::string keys = type == "reward-head" ? "reward_head." : "class_heads.";
  TRY(check_digest("base", options.base, file.text(keys + "base_sha256")));
  const std::string adapter = file.text(keys + "adapter_sha256");
  if (adapter.empty() != options.adapter.empty())
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the head {} was trained {} an adapter: {}", options.head, adapter.empty() ? "without" : "with",
                            adapter.empty() ? "name none" : "name the one beside it"));
  if (!adapter.empty()) TRY(check_digest("adapter", options.adapter, adapter));
  Heads out;
  if (type == "class-heads") out.labels = TRY(read_labels(file, options.head));
  const std::size_t count = std::max<std::size_t>(1, out.labels.size());
  const StoredMatrix weight = TRY(file.matrix("head.weight", count, width));
  out.weight.resize(count * width);
  for (std::size_t i = 0; i < count; ++i) weight.read_row(i, std::span(out.weight).subspan(i * width, width));
  if (!std::all_of(out.weight.begin(), out.weight.end(), [](float number) { return std::isfinite(number); }))
    return fail(ErrorCode::kInvalidInput, fmt::format("{} holds numbers that are not finite", options.head));
  out.bias = TRY(file.vector("head.bias", count));
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
  Heads heads;
  std::string digest;
  std::size_t tokens_max = 0;
  std::mutex mutex;  ///< of the context

  Result<std::vector<Token>> tokens_of(const std::vector<ChatMessage>& messages) const;
  /// What stands before every text, or nothing.
  std::optional<Token> bos() const {
    const Token token = llama_vocab_bos(vocab);
    return llama_vocab_get_add_bos(vocab) && token >= 0 ? std::optional(token) : std::nullopt;
  }
};

ScoringModel::ScoringModel(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ScoringModel::~ScoringModel() = default;
const std::string& ScoringModel::digest() const { return parts_->digest; }
const std::vector<std::string>& ScoringModel::labels() const { return parts_->heads.labels; }

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
  parts->heads = TRY(read_heads(options, static_cast<std::size_t>(llama_model_n_embd(parts->model.get()))));
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
  for (const PromptPart& part : TRY(chat_template->render(messages, PromptEnd::kMessages))) {
    const auto tokens = TRY(model::tokenize(vocab, part.text, false, !part.is_input));
    out.insert(out.end(), tokens.begin(), tokens.end());
  }
  if (const auto first = bos(); first && (out.empty() || out.front() != *first)) out.insert(out.begin(), *first);
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
  if (!labels().empty()) return fail(ErrorCode::kInvalidInput, "the model has class heads: it classifies, and scores no answers");
  return TRY(read(tokens)).front();
}

Result<std::vector<double>> ScoringModel::classify(std::string_view text) const {
  if (labels().empty()) return fail(ErrorCode::kInvalidInput, "the model has a reward head: it scores answers, and classifies nothing");
  const std::vector<Token> tokens = TRY(model::tokenize(parts_->vocab, text, false, false));
  if (tokens.empty()) return fail(ErrorCode::kInvalidInput, "an empty text has no class");
  const auto first = parts_->bos();
  const std::size_t room = parts_->tokens_max - (first ? 1 : 0);
  std::vector<double> out(labels().size(), -std::numeric_limits<double>::infinity());
  for (std::size_t begin = 0; begin < tokens.size(); begin += room) {
    std::vector<Token> window;
    if (first) window.push_back(*first);
    const std::size_t end = std::min(tokens.size(), begin + room);
    window.insert(window.end(), tokens.begin() + static_cast<std::ptrdiff_t>(begin), tokens.begin() + static_cast<std::ptrdiff_t>(end));
    const std::vector<double> here = TRY(read(window));
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = std::max(out[i], here[i]);
  }
  return out;
}

Result<std::vector<double>> ScoringModel::read(std::span<const Token> tokens) const {
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
  const Heads& heads = parts_->heads;
  std::vector<double> out(heads.bias.begin(), heads.bias.end());
  const float* weight = heads.weight.data();
  const std::size_t width = heads.weight.size() / out.size();
  for (double& value : out)
    for (std::size_t i = 0; i < width; ++i) value += static_cast<double>(*weight++) * hidden[i];
  return out;
}

}  // namespace steward::model
