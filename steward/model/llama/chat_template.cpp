#include "steward/model/llama/chat_template.h"

#include <jinja/caps.h>
#include <jinja/lexer.h>
#include <jinja/parser.h>
#include <jinja/runtime.h>

namespace steward::model {

struct ChatTemplate::Program {
  jinja::program code;
  std::string source;
  bool knows_system_role = true;
};

ChatTemplate::ChatTemplate(std::unique_ptr<Program> program, std::string bos, std::string eos)
    : program_(std::move(program)), bos_(std::move(bos)), eos_(std::move(eos)) {}
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate::~ChatTemplate() = default;

Result<ChatTemplate> ChatTemplate::parse(const std::string& source, std::string bos, std::string eos) {
  try {
    jinja::lexer lexer;
    const auto tokens = lexer.tokenize(source);
    auto program = std::make_unique<Program>(Program{jinja::parse_from_tokens(tokens), tokens.source});
    program->knows_system_role = jinja::caps_get(program->code).supports_system_role;
    return ChatTemplate(std::move(program), std::move(bos), std::move(eos));
  } catch (const std::exception&) {
    return fail(ErrorCode::kInvalidInput, "the model's chat template cannot be read: convert the model with a template of plain Jinja");
  }
}

bool ChatTemplate::knows_system_role() const { return program_->knows_system_role; }

Result<std::vector<PromptPart>> ChatTemplate::render(const std::vector<ChatMessage>& messages, PromptEnd end) const {
  try {
    auto list = jinja::mk_val<jinja::value_array>();
    for (const ChatMessage& message : messages) {
      auto object = jinja::mk_val<jinja::value_object>();
      object->insert("role", jinja::mk_val<jinja::value_string>(message.role));
      auto content = jinja::mk_val<jinja::value_string>(message.content);
      content->mark_input();
      object->insert("content", content);
      if (!message.name.empty()) {
        auto name = jinja::mk_val<jinja::value_string>(message.name);
        name->mark_input();
        object->insert("name", name);
      }
      list->push_back(object);
    }
    jinja::context context(program_->source);
    context.current_time = 0;  // a prompt must not depend on the clock
    context.set_val("messages", list);
    context.set_val("bos_token", jinja::mk_val<jinja::value_string>(bos_));
    context.set_val("eos_token", jinja::mk_val<jinja::value_string>(eos_));
    context.set_val("add_generation_prompt", jinja::mk_val<jinja::value_bool>(end == PromptEnd::kReply));
    jinja::runtime runtime(context);
    const auto results = runtime.execute(program_->code);
    const auto joined = jinja::runtime::gather_string_parts(results);
    std::vector<PromptPart> parts;
    for (const auto& part : joined->as_string().parts) parts.push_back({part.is_input, part.val});
    return parts;
  } catch (const std::exception&) {
    return fail(ErrorCode::kInvalidInput, "the model's chat template refuses these messages: most want user and assistant to alternate",
                "messages");
  }
}

}  // namespace steward::model
