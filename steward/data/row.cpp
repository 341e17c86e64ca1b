#include "steward/data/row.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

namespace steward::data {
namespace {

tl::unexpected<Error> bad(std::string reason) { return fail(ErrorCode::kInvalidInput, std::move(reason)); }

Result<std::string> text_of(const json::Value& value, std::string_view key) {
  if (!value.is_string()) return bad(fmt::format("`{}` is no text", key));
  std::string text(value.as_string());
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) return bad(fmt::format("`{}` is empty", key));
  return text;
}

Result<model::ChatMessage> message_of(const json::Value& value, std::string_view key) {
  if (!value.is_object()) return bad(fmt::format("a message of `{}` is no object", key));
  const json::Object& object = value.as_object();
  if (object.contains("tool_calls")) return bad(fmt::format("a message of `{}` calls tools, which is not trained", key));
  const json::Value* role = object.if_contains("role");
  const json::Value* content = object.if_contains("content");
  if (!role || !role->is_string()) return bad(fmt::format("a message of `{}` has no `role`", key));
  const std::string_view name(role->as_string());
  if (name != "system" && name != "user" && name != "assistant")
    return bad(fmt::format("a message of `{}` has another role than system, user or assistant", key));
  if (!content || !content->is_string()) return bad(fmt::format("the `content` of a message of `{}` is no text", key));
  model::ChatMessage message{std::string(name), std::string(content->as_string()), {}};
  if (name != "system" && message.content.find_first_not_of(" \t\r\n") == std::string::npos)
    return bad(fmt::format("the {}'s `content` in `{}` is empty", name, key));
  return message;
}

Result<Messages> messages_of(const json::Value& value, std::string_view key) {
  if (!value.is_array()) return bad(fmt::format("`{}` is no list of messages", key));
  Messages out;
  for (const json::Value& item : value.as_array()) out.push_back(TRY(message_of(item, key)));
  if (out.empty()) return bad(fmt::format("`{}` has no messages", key));
  return out;
}

Result<Passage> passage_of(const json::Value& value, std::string_view key) {
  if (value.is_string()) return Passage(TRY(text_of(value, key)));
  if (!value.is_array()) return bad(fmt::format("`{}` is neither a text nor a list of messages", key));
  return Passage(TRY(messages_of(value, key)));
}

Result<Passage> required_passage(const json::Object& object, std::string_view key) {
  const json::Value* value = object.if_contains(key);
  if (!value || value->is_null()) return bad(fmt::format("`{}` is missing", key));
  return passage_of(*value, key);
}

Result<void> check_prompt(const Passage& prompt) {
  const auto* messages = std::get_if<Messages>(&prompt);
  if (messages && messages->back().role != "user") return bad("`prompt` does not end with the user's message");
  return {};
}

/// An answer fits a prompt of its own form: a text after a text, the assistant's messages after messages.
Result<void> check_answer(const Passage& prompt, const Passage& answer, std::string_view key) {
  if (prompt.index() != answer.index()) return bad(fmt::format("of `prompt` and `{}` one is a text, the other a list of messages", key));
  const auto* messages = std::get_if<Messages>(&answer);
  if (!messages) return {};
  if (messages->front().role != "assistant" || messages->back().role != "assistant")
    return bad(fmt::format("`{}` does not begin and end with the assistant's messages", key));
  return {};
}

Result<ChatBody> chat_of(const json::Value& value) {
  ChatBody body{TRY(messages_of(value, "messages"))};
  const auto first = std::find_if(body.messages.begin(), body.messages.end(), [](const auto& message) { return message.role != "system"; });
  if (first == body.messages.end() || first->role != "user") return bad("`messages` do not begin with the user, after the system");
  if (body.messages.back().role != "assistant") return bad("`messages` do not end with the assistant's answer");
  return body;
}

Result<std::optional<Strength>> strength_of(const json::Object& object) {
  const json::Value* value = object.if_contains("strength");
  if (!value || value->is_null()) return std::optional<Strength>();
  constexpr std::array<std::string_view, 4> kNames{"negligible", "slight", "better", "significant"};
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (value->is_string() && std::string_view(value->as_string()) == kNames[i]) return std::optional(static_cast<Strength>(i));
  return bad("`strength` is none of negligible, slight, better, significant");
}

Result<std::optional<bool>> flag_of(const json::Object& object, std::string_view key) {
  const json::Value* value = object.if_contains(key);
  if (!value || value->is_null()) return std::optional<bool>();
  if (!value->is_bool()) return bad(fmt::format("`{}` is neither true nor false", key));
  return std::optional(value->as_bool());
}

/// Moves what two message lists have in common at their beginning, up to the user's last message, into a prompt.
Result<void> split_common(PreferenceBody& body) {
  auto* chosen = std::get_if<Messages>(&body.chosen);
  auto* rejected = std::get_if<Messages>(&body.rejected);
  if (!chosen || !rejected) return bad("`prompt` is missing");
  std::size_t common = 0;
  while (common < chosen->size() && common < rejected->size() && (*chosen)[common] == (*rejected)[common]) ++common;
  while (common > 0 && (*chosen)[common - 1].role != "user") --common;
  if (common == 0) return bad("`chosen` and `rejected` have no prompt in common");
  body.prompt = Messages(chosen->begin(), chosen->begin() + static_cast<std::ptrdiff_t>(common));
  for (Messages* side : {chosen, rejected}) side->erase(side->begin(), side->begin() + static_cast<std::ptrdiff_t>(common));
  if (chosen->empty() || rejected->empty()) return bad("`chosen` or `rejected` has no answer");
  return {};
}

Result<PreferenceBody> preference_of(const json::Object& object) {
  PreferenceBody body;
  body.chosen = TRY(required_passage(object, "chosen"));
  body.rejected = TRY(required_passage(object, "rejected"));
  if (object.contains("prompt")) {
    body.prompt = TRY(required_passage(object, "prompt"));
  } else {
    TRY(split_common(body));
  }
  TRY(check_prompt(body.prompt));
  TRY(check_answer(body.prompt, body.chosen, "chosen"));
  TRY(check_answer(body.prompt, body.rejected, "rejected"));
  if (body.chosen == body.rejected) return bad("`chosen` and `rejected` are the same");
  body.strength = TRY(strength_of(object));
  if (const json::Value* margin = object.if_contains("margin"); margin && !margin->is_null()) {
    if (!margin->is_number() || !std::isfinite(margin->to_number<double>())) return bad("`margin` is no number");
    body.margin = margin->to_number<double>();
  }
  if (const json::Value* value = object.if_contains("probability"); value && !value->is_null()) {
    if (!value->is_number() || !(value->to_number<double>() >= 0 && value->to_number<double>() <= 1))
      return bad("`probability` is no number from 0 to 1");
    body.probability = value->to_number<double>();
  }
  body.chosen_safe = TRY(flag_of(object, "chosen_safe"));
  body.rejected_safe = TRY(flag_of(object, "rejected_safe"));
  return body;
}

Result<CompletionBody> completion_of(const json::Object& object) {
  CompletionBody body;
  body.prompt = TRY(required_passage(object, "prompt"));
  body.completion = TRY(required_passage(object, "completion"));
  TRY(check_prompt(body.prompt));
  TRY(check_answer(body.prompt, body.completion, "completion"));
  return body;
}

Result<ThumbBody> thumb_of(const json::Object& object) {
  CompletionBody body = TRY(completion_of(object));
  const json::Value* label = object.if_contains("label");
  const auto number = label && label->is_int64() ? label->as_int64() : -1;
  if (!label || !(label->is_bool() || number == 0 || number == 1)) return bad("`label` is neither true nor false");
  return ThumbBody{std::move(body.prompt), std::move(body.completion), label->is_bool() ? label->as_bool() : number == 1};
}

/// A label's name; class numbers are names too.
Result<std::string> label_name(const json::Value& value) {
  if (value.is_int64()) return std::to_string(value.as_int64());
  if (!value.is_string() || value.as_string().empty()) return bad("a label is neither a name nor a whole number");
  return std::string(value.as_string());
}

Result<ClassBody> class_of(const json::Object& object) {
  ClassBody body;
  const json::Value* text = object.if_contains("text");
  if (!text) return bad("`text` is missing");
  body.text = TRY(text_of(*text, "text"));
  const json::Value* labels = object.if_contains("labels");
  const json::Value* label = object.if_contains("label");
  if (!labels && !label) return bad("neither `labels` nor `label` is there");
  if (labels && labels->is_object()) {
    for (const auto& [name, value] : labels->as_object()) {
      const double share = value.is_number() ? value.to_number<double>() : value.is_bool() ? static_cast<double>(value.as_bool()) : -1;
      if (!(share >= 0 && share <= 1)) return bad("a label is no number from 0 to 1");
      body.labels.emplace_back(name, share);
    }
    if (body.labels.empty()) return bad("`labels` is empty");
    return body;
  }
  body.complete = true;
  if (labels && labels->is_array()) {
    for (const json::Value& name : labels->as_array()) body.labels.emplace_back(TRY(label_name(name)), 1);
  } else {
    body.labels.emplace_back(TRY(label_name(labels ? *labels : *label)), 1);
  }
  return body;
}

Result<PromptBody> prompt_body_of(const json::Object& object) {
  PromptBody body;
  if (const json::Value* messages = object.if_contains("messages"); messages && !object.contains("prompt")) {
    body.prompt = TRY(messages_of(*messages, "messages"));
    if (std::get<Messages>(body.prompt).back().role != "user") return bad("`messages` do not end with the user's");
    return body;
  }
  body.prompt = TRY(required_passage(object, "prompt"));
  TRY(check_prompt(body.prompt));
  return body;
}

std::vector<std::string_view> own_keys(RowKind kind) {
  switch (kind) {
    case RowKind::kChat:
      return {"messages", "prompt", "completion"};
    case RowKind::kPreference:
      return {"prompt", "chosen", "rejected", "strength", "margin", "chosen_safe", "rejected_safe", "probability"};
    case RowKind::kThumb:
      return {"prompt", "completion", "label"};
    case RowKind::kClass:
      return {"text", "labels", "label"};
    case RowKind::kPrompt:
      return {"prompt", "messages"};
  }
  return {};
}

std::string opening(const Passage& prompt) {
  if (const auto* text = std::get_if<std::string>(&prompt)) return *text;
  std::string out;
  for (const model::ChatMessage& message : std::get<Messages>(prompt)) {
    if (message.role == "assistant") break;
    if (message.role == "user") (out += out.empty() ? "" : "\n") += message.content;
  }
  return out;
}

}  // namespace

Result<Row> parse_row(const json::Object& object, RowKind kind) {
  Row row;
  switch (kind) {
    case RowKind::kChat:
      if (const json::Value* messages = object.if_contains("messages")) {
        row.body = TRY(chat_of(*messages));
      } else if (!object.contains("prompt")) {
        return bad("neither `messages` nor `prompt` and `completion` are there");
      } else {
        row.body = TRY(completion_of(object));
      }
      break;
    case RowKind::kPreference:
      row.body = TRY(preference_of(object));
      break;
    case RowKind::kThumb:
      row.body = TRY(thumb_of(object));
      break;
    case RowKind::kClass:
      row.body = TRY(class_of(object));
      break;
    case RowKind::kPrompt:
      row.body = TRY(prompt_body_of(object));
      break;
  }
  const auto own = own_keys(kind);
  for (const auto& [key, value] : object)
    if (std::find(own.begin(), own.end(), std::string_view(key)) == own.end()) row.extra[key] = value;
  if (const json::Value* id = row.extra.if_contains("id"); id && id->is_string()) row.id = std::string(id->as_string());
  return row;
}

std::string prompt_text(const Row& row) {
  if (const auto* chat = std::get_if<ChatBody>(&row.body)) return opening(chat->messages);
  if (const auto* completion = std::get_if<CompletionBody>(&row.body)) return opening(completion->prompt);
  if (const auto* preference = std::get_if<PreferenceBody>(&row.body)) return opening(preference->prompt);
  if (const auto* thumb = std::get_if<ThumbBody>(&row.body)) return opening(thumb->prompt);
  if (const auto* text = std::get_if<ClassBody>(&row.body)) return text->text;
  return opening(std::get<PromptBody>(row.body).prompt);
}

Result<Passage> prompt_of(const Row& row) {
  if (const auto* prompt = std::get_if<PromptBody>(&row.body)) return prompt->prompt;
  if (const auto* completion = std::get_if<CompletionBody>(&row.body)) return completion->prompt;
  if (const auto* pair = std::get_if<PreferenceBody>(&row.body)) return pair->prompt;
  if (const auto* thumb = std::get_if<ThumbBody>(&row.body)) return thumb->prompt;
  const auto* chat = std::get_if<ChatBody>(&row.body);
  if (!chat) return fail(ErrorCode::kInvalidInput, "these rows have no prompts: see the data files of the recipe");
  Messages messages = chat->messages;
  while (!messages.empty() && messages.back().role == "assistant") messages.pop_back();
  return Passage(std::move(messages));
}

std::vector<std::string> right_answers(const Row& row) {
  std::vector<std::string> out;
  if (const json::Value* answers = row.extra.if_contains("answers"); answers && answers->is_array()) {
    for (const json::Value& answer : answers->as_array())
      if (answer.is_string()) out.emplace_back(answer.as_string());
    return out;
  }
  if (const auto* chat = std::get_if<ChatBody>(&row.body)) return {chat->messages.back().content};
  if (const auto* completion = std::get_if<CompletionBody>(&row.body)) {
    const auto* text = std::get_if<std::string>(&completion->completion);
    return {text ? *text : std::get<Messages>(completion->completion).back().content};
  }
  if (const auto* text = std::get_if<ClassBody>(&row.body))
    for (const auto& [name, value] : text->labels)
      if (value == 1) out.push_back(name);
  return out;
}

}  // namespace steward::data
