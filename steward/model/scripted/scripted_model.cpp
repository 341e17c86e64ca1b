#include "steward/model/scripted/scripted_model.h"

#include <chrono>
#include <utility>

namespace steward::model {
namespace {

class Handle final : public Generation {
 public:
  explicit Handle(std::shared_ptr<std::atomic<bool>> cancelled) : cancelled_(std::move(cancelled)) {}
  ~Handle() override { cancel(); }
  void cancel() override { *cancelled_ = true; }

 private:
  const std::shared_ptr<std::atomic<bool>> cancelled_;  // shared with the thread that speaks
};

TokenLogprob describe(const std::string& text) {
  TokenLogprob out;
  out.token = text.empty() ? 0 : static_cast<unsigned char>(text[0]);
  out.text = text;
  out.logprob = -0.5;
  out.top.emplace_back(out.token, text, -0.5);
  return out;
}

/// The delta at `index`, as a token.
TokenLogprob describe(const Script& script, std::size_t index) {
  TokenLogprob out = describe(script.deltas[index]);
  if (index >= script.tops.size()) return out;
  out.top.clear();
  for (const auto& [text, logprob] : script.tops[index]) {
    out.top.emplace_back(describe(text).token, text, logprob);
    if (text == script.deltas[index]) out.logprob = logprob;
  }
  return out;
}

}  // namespace

ScriptedModel::ScriptedModel(std::string id, Write write) : write_(std::move(write)) {
  record_.id = std::move(id);
  record_.name = "scripted";
  record_.sha256 = std::string(64, '0');
  record_.license = "none";
  record_.context_length = 4096;
  record_.vocabulary = 256;
}

ScriptedModel::~ScriptedModel() {
  closing_ = true;
  for (std::thread& thread : threads_) thread.join();
}

Result<std::unique_ptr<Generation>> ScriptedModel::start(GenerateRequest request, Sink sink) {
  const std::string prompt = render_prompt(request.prompt);
  Script script = write_(prompt);
  auto cancelled = std::make_shared<std::atomic<bool>>(false);
  const std::lock_guard lock(mutex_);
  prompts_.push_back(prompt);
  last_request_ = request;
  if (script.refusal) return tl::unexpected(*script.refusal);
  threads_.emplace_back([this, script = std::move(script), sink = std::move(sink), sampling = request.sampling, prompt, cancelled] {
    Usage usage;
    usage.prompt_tokens = static_cast<int>(prompt.size());
    if (sampling.echo) {
      std::vector<TokenLogprob> echoed;
      for (const char c : prompt) echoed.push_back(describe(std::string(1, c)));
      if (!echoed.empty()) echoed[0].logprob.reset();
      sink.on_prompt(std::move(echoed));
    }
    const auto stopped = [&] { return cancelled->load() || closing_.load(); };
    FinishReason reason = FinishReason::kStop;
    for (std::size_t at = 0; at < script.deltas.size(); ++at) {
      if (stopped()) break;
      if (sampling.max_tokens >= 0 && usage.completion_tokens >= sampling.max_tokens) {
        reason = FinishReason::kLength;
        break;
      }
      ++usage.completion_tokens;
      sink.on_delta(script.deltas[at],
                    sampling.want_logprobs ? std::vector<TokenLogprob>{describe(script, at)} : std::vector<TokenLogprob>{});
    }
    while (script.hangs && !stopped()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (stopped()) {
      ++cancelled_;
      return sink.on_done(FinishReason::kCancelled, usage);
    }
    if (script.failure) return sink.on_done(tl::unexpected(*script.failure), usage);
    for (const ToolCall& call : script.calls) sink.on_tool_call(call);
    sink.on_done(script.calls.empty() ? reason : FinishReason::kToolCalls, usage);
  });
  return std::unique_ptr<Generation>(std::make_unique<Handle>(std::move(cancelled)));
}

Result<std::vector<Token>> ScriptedModel::tokenize(std::string_view text, bool, bool) const {
  std::vector<Token> out;
  for (const char c : text) out.push_back(static_cast<unsigned char>(c));
  return out;
}

Result<std::string> ScriptedModel::detokenize(const std::vector<Token>& tokens) const {
  std::string out;
  for (const Token token : tokens) {
    if (token < 0 || token > 255) return fail(ErrorCode::kInvalidInput, "token ids are from 0 to 255", "tokens");
    out += static_cast<char>(token);
  }
  return out;
}

Result<std::string> ScriptedModel::render(const std::vector<ChatMessage>& messages) const {
  std::string out;
  for (const ChatMessage& message : messages) out += message.role + ": " + message.content + "\n";
  return out;
}

std::string ScriptedModel::render_prompt(const Prompt& prompt) const {
  if (const auto* messages = std::get_if<std::vector<ChatMessage>>(&prompt)) return render(*messages).value();
  if (const auto* text = std::get_if<std::string>(&prompt)) return *text;
  return detokenize(std::get<std::vector<Token>>(prompt)).value_or("");
}

GenerateRequest ScriptedModel::last_request() const {
  const std::lock_guard lock(mutex_);
  return last_request_;
}

std::vector<std::string> ScriptedModel::prompts() const {
  const std::lock_guard lock(mutex_);
  return prompts_;
}

}  // namespace steward::model
