#include "steward/gateway/turn_input.h"

#include <charconv>
#include <cstdint>
#include <optional>

#include "steward/core/check.h"
#include "steward/core/utf8.h"

namespace steward::gateway {
namespace {

std::string tool_text(const model::Tool& tool) {
  return json::dump(json::Object{{"name", tool.name}, {"description", tool.description}, {"parameters", tool.parameters}});
}

Result<model::Tool> rewritten_tool(const model::Tool& tool, const std::string& text) {
  if (text == tool_text(tool)) return tool;
  const auto read = json::parse(text);
  const auto* object = read ? read->if_object() : nullptr;
  const json::Value* name = object ? object->if_contains("name") : nullptr;
  if (!name || !name->is_string() || name->as_string() != tool.name)
    return fail(ErrorCode::kInvalidInput, "a function in 'tools' holds what the policy takes out: describe it without", "tools");
  model::Tool out = tool;
  out.description = TRY(json::get_string(*object, "description")).value_or("");
  if (const json::Value* parameters = object->if_contains("parameters")) out.parameters = *parameters;
  return out;
}

/// The UTF-16 code unit of "\uXXXX" at `at`.
std::optional<std::uint32_t> code_unit(std::string_view text, std::size_t at) {
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return std::nullopt;
  std::uint32_t unit = 0;
  const char* end = text.data() + at + 6;
  const auto [stop, error] = std::from_chars(text.data() + at + 2, end, unit, 16);
  return error == std::errc() && stop == end ? std::optional(unit) : std::nullopt;
}

/// The character of the escape at `at`, and how many bytes it takes; 0 if it stays as it is.
std::size_t read_escape(std::string_view text, std::size_t at, char32_t& out) {
  const auto first = code_unit(text, at);
  if (!first) return 0;
  const bool must_stay = *first < 0x20 || *first == '"' || *first == '\\' || *first == 0x7F;
  if (must_stay || (*first >= 0xDC00 && *first < 0xE000)) return 0;
  out = *first;
  if (*first < 0xD800 || *first > 0xDBFF) return 6;
  const auto second = code_unit(text, at + 6);
  if (!second || *second < 0xDC00 || *second > 0xDFFF) return 0;
  out = 0x10000 + ((*first - 0xD800) << 10) + (*second - 0xDC00);
  return 12;
}

}  // namespace

std::string unescaped_json(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '\\' || at + 1 == text.size()) {
      out += text[at++];
      continue;
    }
    char32_t character = 0;
    if (const std::size_t taken = read_escape(text, at, character); taken > 0) {
      append_utf8(character, out);
      at += taken;
    } else {
      out.append(text, at, 2);
      at += 2;
    }
  }
  return out;
}

std::vector<guard::Message> guarded_texts(const TurnRequest& request) {
  std::vector<guard::Message> out;
  for (const model::Tool& tool : request.tools) out.push_back({"system", tool_text(tool)});
  for (const model::ChatMessage& message : request.messages) {
    if (!message.name.empty()) out.push_back({message.role, message.name});
    out.push_back({message.role, message.content});
    for (const model::ToolCall& call : message.tool_calls) out.push_back({message.role, unescaped_json(call.arguments)});
  }
  return out;
}

Result<GuardedChat> apply_guard(const TurnRequest& request, const std::vector<guard::Message>& given) {
  GuardedChat out;
  std::size_t at = 0;
  for (const model::Tool& tool : request.tools) out.tools.push_back(TRY(rewritten_tool(tool, given[at++].text)));
  for (const model::ChatMessage& message : request.messages) {
    model::ChatMessage copy = message;
    if (!message.name.empty()) copy.name = given[at++].text;
    copy.content = given[at++].text;
    for (model::ToolCall& call : copy.tool_calls) call.arguments = given[at++].text;
    const bool emptied = copy.content.empty() && !message.content.empty();
    if (emptied && message.role == "tool") copy.content = "[removed]";
    if (!emptied || message.role == "tool" || !copy.tool_calls.empty()) out.messages.push_back(std::move(copy));
  }
  STEWARD_CHECK(at == given.size());
  return out;
}

}  // namespace steward::gateway
