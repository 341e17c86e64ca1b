#include "steward/tune/instructions.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "steward/core/check.h"
#include "steward/core/yaml.h"

namespace steward::tune {
namespace {

using Kind = AnswerCheck::Kind;

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::int64_t words_of(std::string_view text) {
  std::int64_t words = 0;
  for (std::size_t i = 0; i < text.size(); ++i) words += !is_blank(text[i]) && (i == 0 || is_blank(text[i - 1]));
  return words;
}

bool holds(const AnswerCheck& check, std::string_view answer) {
  switch (check.kind) {
    case Kind::kBegins:
      return answer.starts_with(check.text);
    case Kind::kEnds:
      return answer.ends_with(check.text);
    case Kind::kContains:
      return answer.find(check.text) != std::string_view::npos;
    case Kind::kLacks:
      return answer.find(check.text) == std::string_view::npos;
    case Kind::kUpper:
      return std::any_of(answer.begin(), answer.end(), is_upper) && std::none_of(answer.begin(), answer.end(), is_lower);
    case Kind::kLower:
      return std::any_of(answer.begin(), answer.end(), is_lower) && std::none_of(answer.begin(), answer.end(), is_upper);
    case Kind::kWordsMax:
      return words_of(answer) <= check.most;
  }
  return false;
}

Result<AnswerCheck> read_check(const std::string& key, const yaml::Node& value) {
  if (key == "words_max") {
    const std::int64_t most = TRY(value.as_integer());
    if (most < 1) return yaml::fail_at(value, "words_max is at least 1");
    return AnswerCheck{Kind::kWordsMax, "", most};
  }
  const std::string text = TRY(value.as_string());
  if (key == "letters") {
    if (text != "upper" && text != "lower") return yaml::fail_at(value, "letters is upper or lower");
    return AnswerCheck{text == "upper" ? Kind::kUpper : Kind::kLower, "", 0};
  }
  if (text.empty()) return yaml::fail_at(value, fmt::format("{} needs a text", key));
  const Kind kind = key == "begins" ? Kind::kBegins : key == "ends" ? Kind::kEnds : key == "contains" ? Kind::kContains : Kind::kLacks;
  return AnswerCheck{kind, text, 0};
}

Result<Instruction> read_instruction(const yaml::Node& node) {
  if (!node.is_mapping()) return yaml::fail_at(node, "an instruction is a mapping: {id, say, obeyed}");
  TRY(yaml::check_keys(node, {"id", "say", "obeyed"}, "an instruction"));
  const yaml::Node *id = node.find("id"), *say = node.find("say"), *obeyed = node.find("obeyed");
  if (!id || !say) return yaml::fail_at(node, "an instruction needs `id` and `say`");
  Instruction out{TRY(id->as_string()), TRY(say->as_string()), {}};
  if (out.id.empty() || out.say.empty()) return yaml::fail_at(node, "`id` and `say` are not empty");
  if (!obeyed) return out;
  if (!obeyed->is_mapping()) return yaml::fail_at(*obeyed, "`obeyed` is a mapping, such as {ends: Over.}");
  TRY(yaml::check_keys(*obeyed, {"begins", "ends", "contains", "lacks", "letters", "words_max"}, "`obeyed`"));
  for (const yaml::Member& member : obeyed->members) out.obeyed.push_back(TRY(read_check(member.key.scalar, member.value)));
  return out;
}

void tell(model::ChatMessage& message, const Instruction& instruction) { message.content += "\n\n" + instruction.say; }

}  // namespace

Result<std::vector<Instruction>> read_instructions(const std::string& path) {
  const yaml::Node root = TRY(yaml::parse_file(path));
  if (!root.is_sequence() || root.items.empty()) return yaml::fail_at(root, "instructions are a list of {id, say, obeyed}");
  std::vector<Instruction> out;
  std::set<std::string> ids;
  for (const yaml::Node& item : root.items) {
    out.push_back(TRY(read_instruction(item)));
    if (!ids.insert(out.back().id).second) return yaml::fail_at(item, fmt::format("there are two instructions '{}'", out.back().id));
  }
  return out;
}

bool obeys(const Instruction& instruction, std::string_view answer) {
  STEWARD_CHECK(!instruction.obeyed.empty());
  while (!answer.empty() && is_blank(answer.front())) answer.remove_prefix(1);
  while (!answer.empty() && is_blank(answer.back())) answer.remove_suffix(1);
  return !answer.empty() &&
         std::all_of(instruction.obeyed.begin(), instruction.obeyed.end(), [&](const AnswerCheck& check) { return holds(check, answer); });
}

data::Messages told_every_turn(data::Messages chat, const Instruction& instruction) {
  for (model::ChatMessage& message : chat)
    if (message.role == "user") tell(message, instruction);
  return chat;
}

data::Messages told_once(data::Messages chat, const Instruction& instruction) {
  const auto first = std::find_if(chat.begin(), chat.end(), [](const auto& message) { return message.role == "user"; });
  if (first != chat.end()) tell(*first, instruction);
  return chat;
}

}  // namespace steward::tune
