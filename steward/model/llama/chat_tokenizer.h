#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "steward/core/result.h"
#include "steward/model/language_model.h"
#include "steward/model/llama/chat_template.h"

namespace steward::model {

/// A model file's own tokeniser and chat template, without its weights: trainers write the tokens that the engine will read.
/// Immutable, thread-safe.
class ChatTokenizer {
 public:
  /// path: GGUF file of a language model. Errors: kNotFound; kInvalidInput if it is no whole GGUF file, or its template cannot be read.
  static Result<ChatTokenizer> open(const std::string& path);
  /// With a template (Jinja) instead of the file's own: for files without one.
  static Result<ChatTokenizer> open_with_template(const std::string& path, std::string template_source);
  ChatTokenizer(ChatTokenizer&&) noexcept;
  ~ChatTokenizer();

  /// The chat as the template shows it. Errors: kInvalidInput if the model has no template, or it refuses these messages.
  Result<std::vector<PromptPart>> render(const std::vector<ChatMessage>& messages, PromptEnd end) const;
  /// Only the template's own parts may become special tokens, as in the engine. No token is added in front.
  Result<std::vector<Token>> tokenize(std::span<const PromptPart> parts) const;
  /// A text of which nothing becomes a special token.
  Result<std::vector<Token>> tokenize(std::string_view text) const;
  /// Bytes that make no character become U+FFFD.
  Result<std::string> detokenize(std::span<const Token> tokens) const;

  const std::string& path() const;  ///< as opened
  bool has_template() const;
  /// The source of the chat template; empty without one.
  const std::string& template_source() const;
  /// True for tokens at which the engine ends a reply: the end of a turn, the end of a text.
  bool ends_reply(Token token) const;
  Token eos() const;
  Token pad() const;  ///< of the file, or else eos()
  /// The token that the engine puts in front of a prompt that does not begin with it; none for most.
  std::optional<Token> leading() const;
  int vocabulary() const;  ///< how many tokens there are
  /// SHA-256 over the tokens, their kinds and the template, in hex: equal digests write equal tokens.
  const std::string& digest() const;

 private:
  struct Parts;
  explicit ChatTokenizer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace steward::model
