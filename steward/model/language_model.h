#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "steward/core/json.h"
#include "steward/core/result.h"

namespace steward::model {

using Token = std::int32_t;

/// A function call that a model asks for.
struct ToolCall {
  std::string id;  ///< made by whoever serves the model; unique within a reply
  std::string name;
  std::string arguments;  ///< JSON as the model wrote it; may be ill-formed

  bool operator==(const ToolCall&) const = default;
};

struct ChatMessage {
  std::string role;
  std::string content;
  std::string name;
  std::vector<ToolCall> tool_calls = {};  ///< of an assistant's message
  std::string tool_call_id = {};          ///< of a tool's message: the call that it answers

  bool operator==(const ChatMessage&) const = default;
};

/// A function that the model may call.
struct Tool {
  std::string name;  ///< [A-Za-z0-9_-]{1,64}
  std::string description;
  json::Value parameters;  ///< JSON Schema of the arguments: an object; null: any object
  bool strict = false;     ///< the arguments must follow the schema

  bool operator==(const Tool&) const = default;
};

struct ToolChoice {
  enum class Kind { kAuto, kNone, kRequired, kNamed };
  Kind kind = Kind::kAuto;
  std::string name = {};  ///< of kNamed
};

struct ResponseFormat {
  enum class Kind { kText, kJsonObject, kJsonSchema };
  Kind kind = Kind::kText;
  std::string name = {};    ///< of the schema
  json::Value schema = {};  ///< JSON Schema, of kJsonSchema
  bool strict = false;
};

struct Sampling {
  double temperature = 1;
  double top_p = 1;
  int top_k = 0;  ///< 0 = off
  double min_p = 0;
  double presence_penalty = 0;
  double frequency_penalty = 0;
  std::optional<std::uint64_t> seed;
  int max_tokens = -1;  ///< -1 = up to the context
  std::vector<std::string> stop;
  std::vector<std::pair<Token, float>> logit_bias;
  int logprobs = 0;  ///< how many alternatives to give beside each token; with want_logprobs
  bool want_logprobs = false;
  bool echo = false;  ///< also give the prompt's tokens and log-probabilities (completions only)
};

/// A chat to be rendered by the model's template, a raw text, or tokens. In a chat only the template's own parts may become
/// special tokens: a user's text can never forge a role.
using Prompt = std::variant<std::vector<ChatMessage>, std::string, std::vector<Token>>;

struct GenerateRequest {
  Prompt prompt;
  Sampling sampling;
  std::vector<Tool> tools = {};  ///< chats only
  ToolChoice tool_choice = {};
  bool parallel_tool_calls = true;
  ResponseFormat format = {};
  bool stream = true;         ///< a hint: is the text wanted as it is written?
  bool reproducible = false;  ///< unbatched and without prefix reuse: the same logits every time
};

struct TokenLogprob {
  Token token = 0;
  std::string text;                                         ///< the token's bytes; may be part of a character
  std::optional<double> logprob;                            ///< nats; none for the first token of an echoed prompt
  std::vector<std::tuple<Token, std::string, double>> top;  ///< best first; always holds the true maximum when asked for
};

/// kContentFilter: a model served elsewhere was stopped by a filter of its own server.
enum class FinishReason { kStop, kLength, kCancelled, kToolCalls, kContentFilter };

struct Usage {
  int prompt_tokens = 0;
  int cached_tokens = 0;
  int completion_tokens = 0;
};

/// Called on the model's own thread: return quickly, never block.
struct Sink {
  /// Valid UTF-8, whole characters; empty text with token details is possible (a token that ends inside a character).
  std::function<void(std::string_view text, std::vector<TokenLogprob> tokens)> on_delta;
  /// Exactly once, last.
  std::function<void(Result<FinishReason> reason, Usage usage)> on_done;
  /// Before any delta when `echo`: the prompt's tokens in order.
  std::function<void(std::vector<TokenLogprob> prompt)> on_prompt = nullptr;
  /// A whole call, in the order of the model's reply, after the text that it wrote before. Needed when the request has tools.
  std::function<void(ToolCall call)> on_tool_call = nullptr;
};

/// A generation under way. Destroying it cancels; cancel() may be called from any thread, and on_done still follows.
class Generation {
 public:
  virtual ~Generation() = default;
  virtual void cancel() = 0;
};

struct TokenizerInfo {
  std::string bos_token, eos_token, pad_token, chat_template;
};

/// What is known of a model, for `steward model show`, /v1/models and cards.
struct ModelRecord {
  std::string id;
  std::string path;
  std::string sha256;
  std::string architecture, name, license, quantization;
  std::int64_t parameters = 0;
  int context_length = 0;
  int vocabulary = 0;
  json::Object metadata;  ///< other card fields of the file (general.*), strings and numbers only
};

class LanguageModel {
 public:
  virtual ~LanguageModel() = default;
  virtual const ModelRecord& record() const = 0;
  /// Errors: kResourceExhausted when the bounded queue is full; kInvalidInput when the prompt does not fit the context
  /// ("context_length_exceeded" as param), or when this model cannot do what is asked, with the field as param ("tools",
  /// "response_format", "logprobs" …). The sink is not called after an Error is returned.
  virtual Result<std::unique_ptr<Generation>> start(GenerateRequest request, Sink sink) = 0;
  virtual Result<std::vector<Token>> tokenize(std::string_view text, bool add_special, bool parse_special) const = 0;
  virtual Result<std::string> detokenize(const std::vector<Token>& tokens) const = 0;
  virtual TokenizerInfo tokenizer_info() const = 0;
  /// Text of the rendered chat prompt, for `steward chat --show-prompt` and tests.
  virtual Result<std::string> render(const std::vector<ChatMessage>& messages) const = 0;
};

}  // namespace steward::model
