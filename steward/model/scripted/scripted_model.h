#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "steward/model/language_model.h"

namespace steward::model {

/// What a scripted model does with one request.
struct Script {
  std::vector<std::string> deltas;   ///< each counts as one token
  std::optional<Error> refusal;      ///< start() fails with it
  std::optional<Error> failure;      ///< after the deltas, instead of an end
  bool hangs = false;                ///< after the deltas, until cancelled
  std::vector<ToolCall> calls = {};  ///< after the deltas
  /// Alternatives of the delta with the same index, with their log-probabilities, best first; the delta alone, where there are none.
  std::vector<std::vector<std::pair<std::string, double>>> tops = {};
};

/// A model that says what it is told, from a thread of its own, for tests of what stands around a model. Tokens are bytes.
class ScriptedModel final : public LanguageModel {
 public:
  using Write = std::function<Script(const std::string& prompt)>;
  /// `write` gets the rendered prompt: "role: content\n" for each message of a chat. Called on the caller's thread.
  ScriptedModel(std::string id, Write write);
  ~ScriptedModel() override;

  const ModelRecord& record() const override { return record_; }
  Result<std::unique_ptr<Generation>> start(GenerateRequest request, Sink sink) override;
  Result<std::vector<Token>> tokenize(std::string_view text, bool add_special, bool parse_special) const override;
  Result<std::string> detokenize(const std::vector<Token>& tokens) const override;
  TokenizerInfo tokenizer_info() const override { return {"", "", "", "{{ messages }}"}; }
  Result<std::string> render(const std::vector<ChatMessage>& messages) const override;

  /// Rendered prompts of all requests so far.
  std::vector<std::string> prompts() const;
  /// The last request. Precondition: there was one.
  GenerateRequest last_request() const;
  int cancelled() const { return cancelled_; }

 private:
  std::string render_prompt(const Prompt& prompt) const;

  ModelRecord record_;
  const Write write_;
  mutable std::mutex mutex_;
  std::vector<std::string> prompts_;
  GenerateRequest last_request_;
  std::vector<std::thread> threads_;
  std::atomic<int> cancelled_{0};
  std::atomic<bool> closing_{false};
};

}  // namespace steward::model
