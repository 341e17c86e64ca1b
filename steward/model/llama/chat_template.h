#pragma once

#include <memory>
#include <string>
#include <vector>

#include "steward/core/result.h"
#include "steward/model/language_model.h"

namespace steward::model {

/// A stretch of a rendered prompt, and whether it came from a message (input) or from the template.
struct PromptPart {
  bool is_input = false;
  std::string text;
};

/// kReply: the prompt ends where the assistant's next message begins. kMessages: it ends with the last message.
enum class PromptEnd { kReply, kMessages };

/// A model's own chat template (Jinja). Immutable, thread-safe.
class ChatTemplate {
 public:
  /// Errors: kInvalidInput if `source` is no template that the engine reads.
  static Result<ChatTemplate> parse(const std::string& source, std::string bos, std::string eos);
  ChatTemplate(ChatTemplate&&) noexcept;
  ~ChatTemplate();
  /// Errors: kInvalidInput if the template refuses the messages.
  Result<std::vector<PromptPart>> render(const std::vector<ChatMessage>& messages, PromptEnd end = PromptEnd::kReply) const;
  /// Does it show messages of the role "system"?
  bool knows_system_role() const;

 private:
  struct Program;
  ChatTemplate(std::unique_ptr<Program> program, std::string bos, std::string eos);
  std::unique_ptr<Program> program_;
  std::string bos_, eos_;
};

}  // namespace steward::model
