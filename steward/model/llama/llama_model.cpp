#include "steward/model/llama/llama_model.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <llama.h>

#include "steward/core/hash.h"
#include "steward/model/llama/loaded.h"
#include "steward/model/llama/reply_grammar.h"
#include "steward/model/llama/tool_prompt.h"

namespace steward::model {
namespace {

/// Cancels its job when the caller lets go of it.
class Handle final : public Generation {
 public:
  explicit Handle(std::shared_ptr<Job> job) : job_(std::move(job)) {}
  ~Handle() override { cancel(); }
  void cancel() override { job_->cancelled = true; }

 private:
  std::shared_ptr<Job> job_;
};

/// The base or an adapter of what was loaded.
class LlamaModel final : public LanguageModel {
 public:
  /// Shared by the base and its adapters: any of them may be the last to go.
  LlamaModel(std::shared_ptr<Loaded> loaded, std::size_t adapter)
      : loaded_(std::move(loaded)), adapter_(adapter), vocab_(loaded_->vocab), record_(loaded_->records[adapter]) {}

  const ModelRecord& record() const override { return record_; }
  Result<std::unique_ptr<Generation>> start(GenerateRequest request, Sink sink) override;
  Result<std::vector<Token>> tokenize(std::string_view text, bool add_special, bool parse_special) const override;
  Result<std::string> detokenize(const std::vector<Token>& tokens) const override;
  TokenizerInfo tokenizer_info() const override;
  Result<std::string> render(const std::vector<ChatMessage>& messages) const override;

 private:
  Result<std::vector<PromptPart>> parts_of(const std::vector<ChatMessage>& messages, const GenerateRequest& request) const;
  Result<std::vector<Token>> prompt_tokens(GenerateRequest& request) const;
  Result<void> bind(const GenerateRequest& request, const Sink& sink, Job& job) const;

  const std::shared_ptr<Loaded> loaded_;
  const std::size_t adapter_;  ///< 0: the base
  const llama_vocab* const vocab_;
  const ModelRecord& record_;
};

Result<std::vector<Token>> LlamaModel::tokenize(std::string_view text, bool add_special, bool parse_special) const {
  return model::tokenize(vocab_, text, add_special, parse_special);
}

Result<std::string> LlamaModel::detokenize(const std::vector<Token>& tokens) const { return model::detokenize(vocab_, tokens); }

TokenizerInfo LlamaModel::tokenizer_info() const {
  const char* source = llama_model_chat_template(loaded_->model.get(), nullptr);
  return {token_text(vocab_, llama_vocab_bos(vocab_)), token_text(vocab_, llama_vocab_eos(vocab_)),
          token_text(vocab_, llama_vocab_pad(vocab_)), source ? source : ""};
}

Result<std::vector<PromptPart>> LlamaModel::parts_of(const std::vector<ChatMessage>& messages, const GenerateRequest& request) const {
  const auto& chat = loaded_->chat_template;
  if (!chat) return fail(ErrorCode::kInvalidInput, "this model has no chat template: use /v1/completions", "messages");
  return chat->render(with_tools(messages, request, chat->knows_system_role() ? SystemPlace::kSystem : SystemPlace::kWithUser));
}

Result<std::string> LlamaModel::render(const std::vector<ChatMessage>& messages) const {
  std::string out;
  for (const PromptPart& part : TRY(parts_of(messages, {}))) out += part.text;
  return out;
}

/// Of a chat, only the template's own parts may become special tokens.
Result<std::vector<Token>> LlamaModel::prompt_tokens(GenerateRequest& request) const {
  if (const auto* messages = std::get_if<std::vector<ChatMessage>>(&request.prompt)) {
    std::vector<Token> out;
    for (const PromptPart& part : TRY(parts_of(*messages, request))) {
      const auto tokens = TRY(tokenize(part.text, false, !part.is_input));
      out.insert(out.end(), tokens.begin(), tokens.end());
    }
    return out;
  }
  if (!request.tools.empty()) return fail(ErrorCode::kInvalidInput, "functions are called in chats only", "tools");
  if (const auto* text = std::get_if<std::string>(&request.prompt)) return tokenize(*text, false, true);
  const auto& tokens = std::get<std::vector<Token>>(request.prompt);
  for (const Token token : tokens)
    if (token < 0 || token >= record_.vocabulary)
      return fail(ErrorCode::kInvalidInput, fmt::format("token ids are from 0 to {}", record_.vocabulary - 1), "prompt");
  return tokens;
}

/// Gives the job its grammar and its reader of calls. The grammar is made here, on the caller's thread, so that no other request waits for
/// it.
Result<void> LlamaModel::bind(const GenerateRequest& request, const Sink& sink, Job& job) const {
  const ReplyRules rules = TRY(reply_rules(request));
  if (rules.grammar) {
    auto constraint = Constraint::create(vocab_, *rules.grammar, rules.scope);
    if (!constraint) return fail(constraint.error().code, constraint.error().message, request.tools.empty() ? "response_format" : "tools");
    job.constraint = std::move(*constraint);
  }
  if (request.tools.empty() || request.tool_choice.kind == ToolChoice::Kind::kNone) return {};
  if (!sink.on_tool_call) return fail(ErrorCode::kInternal, "functions need on_tool_call");
  std::set<std::string> names;
  for (const Tool& tool : request.tools)
    if (request.tool_choice.kind != ToolChoice::Kind::kNamed || tool.name == request.tool_choice.name) names.insert(tool.name);
  std::uint64_t seed = 0;
  if (request.sampling.seed || request.reproducible) {
    const std::string_view bytes(reinterpret_cast<const char*>(job.prompt.data()), job.prompt.size() * sizeof(Token));
    seed = hash64(bytes) ^ request.sampling.seed.value_or(0);
  } else {
    random_bytes({reinterpret_cast<std::uint8_t*>(&seed), sizeof seed});
  }
  job.tools = std::make_unique<ToolCallReader>(std::move(names), seed);
  job.calls = request.parallel_tool_calls ? CallCount::kAny : CallCount::kOne;
  return {};
}

Result<std::unique_ptr<Generation>> LlamaModel::start(GenerateRequest request, Sink sink) {
  Engine& engine = *loaded_->engine;
  auto job = std::make_shared<Job>();
  job->prompt = TRY(prompt_tokens(request));
  const Token bos = llama_vocab_bos(vocab_);
  const bool wants_bos = llama_vocab_get_add_bos(vocab_) && (job->prompt.empty() || job->prompt[0] != bos);
  if (wants_bos || job->prompt.empty()) {
    job->prompt.insert(job->prompt.begin(), bos >= 0 ? bos : llama_vocab_eos(vocab_));
    job->stripped = 1;
  }
  if (static_cast<int>(job->prompt.size()) >= engine.context_per_sequence())
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the prompt has {} tokens; this model reads at most {}", job->prompt.size(), engine.context_per_sequence() - 1),
                "context_length_exceeded");
  TRY(bind(request, sink, *job));
  job->sampling = std::move(request.sampling);
  job->reproducible = request.reproducible;
  job->adapter = adapter_;
  job->sink = std::move(sink);
  if (job->sampling.echo && !job->sink.on_prompt) return fail(ErrorCode::kInternal, "echo needs on_prompt");
  TRY(engine.submit(job));
  return std::unique_ptr<Generation>(std::make_unique<Handle>(std::move(job)));
}

}  // namespace

Result<std::vector<std::unique_ptr<LanguageModel>>> open_llama(const LlamaOptions& options) {
  const std::shared_ptr<Loaded> loaded = TRY(load(options));
  std::vector<std::unique_ptr<LanguageModel>> out;
  for (std::size_t i = 0; i < loaded->records.size(); ++i) out.push_back(std::make_unique<LlamaModel>(loaded, i));
  return out;
}

}  // namespace steward::model
