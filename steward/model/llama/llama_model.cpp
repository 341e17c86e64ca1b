#include "steward/model/llama/llama_model.h"

#include <algorithm>
#include <charconv>
#include <mutex>
#include <thread>

#include <fmt/format.h>
#include <llama.h>

#include "steward/core/hash.h"
#include "steward/model/llama/chat_template.h"
#include "steward/model/llama/engine.h"
#include "steward/model/llama/gguf_header.h"

namespace steward::model {
namespace {

struct ModelDelete {
  void operator()(llama_model* model) const { llama_model_free(model); }
};
struct ContextDelete {
  void operator()(llama_context* context) const { llama_free(context); }
};

/// llama.cpp speaks through one process-wide callback: the last error is kept for our own message.
std::mutex last_error_mutex;
std::string last_error;  // NOLINT: the library offers no other way

void keep_errors(ggml_log_level level, const char* text, void*) {
  if (level != GGML_LOG_LEVEL_ERROR) return;
  const std::lock_guard lock(last_error_mutex);
  last_error = text;
  while (!last_error.empty() && last_error.back() == '\n') last_error.pop_back();
}

void prepare_library() {
  static std::once_flag once;
  std::call_once(once, [] {
    llama_log_set(keep_errors, nullptr);
    llama_backend_init();
  });
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

std::string token_text(const llama_vocab* vocab, Token token) {
  const char* text = token >= 0 ? llama_vocab_get_text(vocab, token) : nullptr;
  return text ? text : "";
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

/// Cancels its job when the caller lets go of it.
class Handle final : public Generation {
 public:
  explicit Handle(std::shared_ptr<Job> job) : job_(std::move(job)) {}
  ~Handle() override { cancel(); }
  void cancel() override { job_->cancelled = true; }

 private:
  std::shared_ptr<Job> job_;
};

class LlamaModel final : public LanguageModel {
 public:
  LlamaModel(std::unique_ptr<llama_model, ModelDelete> model, std::unique_ptr<llama_context, ContextDelete> context, ModelRecord record,
             std::optional<ChatTemplate> chat_template, const LlamaOptions& options)
      : model_(std::move(model)),
        context_(std::move(context)),
        vocab_(llama_model_get_vocab(model_.get())),
        record_(std::move(record)),
        template_(std::move(chat_template)),
        engine_(model_.get(), context_.get(), options) {}

  const ModelRecord& record() const override { return record_; }
  Result<std::unique_ptr<Generation>> start(GenerateRequest request, Sink sink) override;
  Result<std::vector<Token>> tokenize(std::string_view text, bool add_special, bool parse_special) const override;
  Result<std::string> detokenize(const std::vector<Token>& tokens) const override;
  TokenizerInfo tokenizer_info() const override;
  Result<std::string> render(const std::vector<ChatMessage>& messages) const override;

 private:
  Result<std::vector<Token>> chat_tokens(const std::vector<ChatMessage>& messages) const;
  Result<std::vector<Token>> prompt_tokens(const Prompt& prompt) const;

  const std::unique_ptr<llama_model, ModelDelete> model_;
  const std::unique_ptr<llama_context, ContextDelete> context_;
  const llama_vocab* vocab_;
  const ModelRecord record_;
  const std::optional<ChatTemplate> template_;
  Engine engine_;  // last: its thread uses all of the above
};

Result<std::vector<Token>> LlamaModel::tokenize(std::string_view text, bool add_special, bool parse_special) const {
  std::vector<Token> tokens(text.size() + 8);
  const int count = llama_tokenize(vocab_, text.data(), static_cast<int>(text.size()), tokens.data(), static_cast<int>(tokens.size()),
                                   add_special, parse_special);
  if (count < 0) return fail(ErrorCode::kInternal, "the tokenizer gave more tokens than bytes");
  tokens.resize(static_cast<std::size_t>(count));
  return tokens;
}

Result<std::string> LlamaModel::detokenize(const std::vector<Token>& tokens) const {
  for (const Token token : tokens)
    if (token < 0 || token >= record_.vocabulary)
      return fail(ErrorCode::kInvalidInput, fmt::format("token ids are from 0 to {}", record_.vocabulary - 1), "tokens");
  std::string out(tokens.size() * 16 + 32, '\0');
  int length =
      llama_detokenize(vocab_, tokens.data(), static_cast<int>(tokens.size()), out.data(), static_cast<int>(out.size()), false, true);
  if (length < 0) {
    out.resize(static_cast<std::size_t>(-length));
    length =
        llama_detokenize(vocab_, tokens.data(), static_cast<int>(tokens.size()), out.data(), static_cast<int>(out.size()), false, true);
  }
  out.resize(static_cast<std::size_t>(std::max(length, 0)));
  return out;
}

TokenizerInfo LlamaModel::tokenizer_info() const {
  const char* source = llama_model_chat_template(model_.get(), nullptr);
  return {token_text(vocab_, llama_vocab_bos(vocab_)), token_text(vocab_, llama_vocab_eos(vocab_)),
          token_text(vocab_, llama_vocab_pad(vocab_)), source ? source : ""};
}

Result<std::string> LlamaModel::render(const std::vector<ChatMessage>& messages) const {
  if (!template_) return fail(ErrorCode::kInvalidInput, "this model has no chat template: use /v1/completions", "messages");
  std::string out;
  for (const PromptPart& part : TRY(template_->render(messages))) out += part.text;
  return out;
}

/// Only the template's own parts may become special tokens.
Result<std::vector<Token>> LlamaModel::chat_tokens(const std::vector<ChatMessage>& messages) const {
  if (!template_) return fail(ErrorCode::kInvalidInput, "this model has no chat template: use /v1/completions", "messages");
  std::vector<Token> out;
  for (const PromptPart& part : TRY(template_->render(messages))) {
    const auto tokens = TRY(tokenize(part.text, false, !part.is_input));
    out.insert(out.end(), tokens.begin(), tokens.end());
  }
  return out;
}

Result<std::vector<Token>> LlamaModel::prompt_tokens(const Prompt& prompt) const {
  if (const auto* messages = std::get_if<std::vector<ChatMessage>>(&prompt)) return chat_tokens(*messages);
  if (const auto* text = std::get_if<std::string>(&prompt)) return tokenize(*text, false, true);
  const auto& tokens = std::get<std::vector<Token>>(prompt);
  for (const Token token : tokens)
    if (token < 0 || token >= record_.vocabulary)
      return fail(ErrorCode::kInvalidInput, fmt::format("token ids are from 0 to {}", record_.vocabulary - 1), "prompt");
  return tokens;
}

Result<std::unique_ptr<Generation>> LlamaModel::start(GenerateRequest request, Sink sink) {
  auto job = std::make_shared<Job>();
  job->prompt = TRY(prompt_tokens(request.prompt));
  const Token bos = llama_vocab_bos(vocab_);
  const bool wants_bos = llama_vocab_get_add_bos(vocab_) && (job->prompt.empty() || job->prompt[0] != bos);
  if (wants_bos || job->prompt.empty()) {
    job->prompt.insert(job->prompt.begin(), bos >= 0 ? bos : llama_vocab_eos(vocab_));
    job->stripped = 1;
  }
  if (static_cast<int>(job->prompt.size()) >= engine_.context_per_sequence())
    return fail(
        ErrorCode::kInvalidInput,
        fmt::format("the prompt has {} tokens; this model reads at most {}", job->prompt.size(), engine_.context_per_sequence() - 1),
        "context_length_exceeded");
  job->sampling = std::move(request.sampling);
  job->reproducible = request.reproducible;
  job->sink = std::move(sink);
  if (job->sampling.echo && !job->sink.on_prompt) return fail(ErrorCode::kInternal, "echo needs on_prompt");
  TRY(engine_.submit(job));
  return std::unique_ptr<Generation>(std::make_unique<Handle>(std::move(job)));
}

}  // namespace

Result<std::unique_ptr<LanguageModel>> open_llama(const LlamaOptions& options) {
  TRY(read_gguf_header(options.path));
  prepare_library();
  llama_model_params model_params = llama_model_default_params();
  model_params.n_gpu_layers = 0;
  std::unique_ptr<llama_model, ModelDelete> model(llama_model_load_from_file(options.path.c_str(), model_params));
  if (!model) {
    const std::lock_guard lock(last_error_mutex);
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} is not a whole model that this program reads ({}): fetch it again", options.path, last_error));
  }
  llama_context_params context_params = llama_context_default_params();
  context_params.n_ctx = static_cast<std::uint32_t>(options.context_per_sequence * options.sequences);
  context_params.n_seq_max = static_cast<std::uint32_t>(options.sequences);
  context_params.n_batch = 512;
  context_params.n_ubatch = 512;
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  context_params.n_threads = options.threads > 0 ? options.threads : std::max(1, cores - 1);
  context_params.n_threads_batch = context_params.n_threads;
  context_params.no_perf = true;
  std::unique_ptr<llama_context, ContextDelete> context(llama_init_from_model(model.get(), context_params));
  if (!context)
    return fail(ErrorCode::kUnavailable, "no memory for the model's context: lower context_tokens or sequences in product.yaml");
  std::optional<ChatTemplate> chat_template;
  const llama_vocab* vocab = llama_model_get_vocab(model.get());
  if (const char* source = llama_model_chat_template(model.get(), nullptr)) {
    chat_template.emplace(
        TRY(ChatTemplate::parse(source, token_text(vocab, llama_vocab_bos(vocab)), token_text(vocab, llama_vocab_eos(vocab)))));
  }
  ModelRecord record = make_record(model.get(), options, TRY(sha256_file_hex(options.path)));
  return std::unique_ptr<LanguageModel>(
      std::make_unique<LlamaModel>(std::move(model), std::move(context), std::move(record), std::move(chat_template), options));
}

}  // namespace steward::model
