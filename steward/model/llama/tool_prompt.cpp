#include "steward/model/llama/tool_prompt.h"

#include <fmt/format.h>

#include "steward/model/llama/tool_call_reader.h"

namespace steward::model {
namespace {

std::string describe(const Tool& tool) {
  json::Object function{{"name", tool.name}};
  if (!tool.description.empty()) function["description"] = tool.description;
  function["parameters"] = tool.parameters.is_null() ? json::Value(json::Object{{"type", "object"}}) : tool.parameters;
  return json::dump(json::Object{{"type", "function"}, {"function", std::move(function)}});
}

std::string instructions(const std::vector<Tool>& tools, const ToolChoice& choice) {
  std::string out = "You can call functions. Each line describes one, as JSON:\n<tools>\n";
  for (const Tool& tool : tools) out += describe(tool) + "\n";
  out += fmt::format(
      "</tools>\nTo call a function, write its name and its arguments as JSON, like this:\n{}\n{{\"name\": \"the name\", "
      "\"arguments\": {{\"the parameter\": \"its value\"}}}}\n{}\nResults come back between <tool_response> tags. ",
      kToolCallBegin, kToolCallEnd);
  switch (choice.kind) {
    case ToolChoice::Kind::kRequired:
      return out + "Answer with a call of a function.";
    case ToolChoice::Kind::kNamed:
      return out + fmt::format("Answer with a call of {}.", choice.name);
    default:
      return out + "Call one when it helps to answer; otherwise answer in words.";
  }
}

std::string with_calls(const ChatMessage& message) {
  std::string out = message.content;
  for (const ToolCall& call : message.tool_calls) {
    const bool valid = json::parse(call.arguments).has_value();
    if (!out.empty()) out += '\n';
    out += fmt::format("{}\n{{\"name\": {}, \"arguments\": {}}}\n{}", kToolCallBegin, json::dump(json::Value(call.name)),
                       valid ? call.arguments : json::dump(json::Value(call.arguments)), kToolCallEnd);
  }
  return out;
}

void add_instructions(std::vector<ChatMessage>& messages, const std::string& text, SystemPlace place) {
  const std::string role = place == SystemPlace::kSystem ? "system" : "user";
  for (ChatMessage& message : messages) {
    if (message.role != role) continue;
    message.content = place == SystemPlace::kSystem ? message.content + "\n\n" + text : text + "\n\n" + message.content;
    return;
  }
  messages.insert(messages.begin(), ChatMessage{role, text, "", {}, {}});
}

}  // namespace

std::vector<ChatMessage> with_tools(std::vector<ChatMessage> messages, const GenerateRequest& request, SystemPlace place) {
  std::vector<ChatMessage> out;
  bool results = false;  // is the last message one of results?
  for (ChatMessage& message : messages) {
    if (message.role == "tool") {
      const std::string text = fmt::format("<tool_response>\n{}\n</tool_response>", message.content);
      if (results) {
        out.back().content += "\n" + text;
      } else {
        out.push_back({"user", text, "", {}, {}});
      }
      results = true;
      continue;
    }
    results = false;
    if (!message.tool_calls.empty()) {
      message.content = with_calls(message);
      message.tool_calls.clear();
    }
    out.push_back(std::move(message));
  }
  if (!request.tools.empty() && request.tool_choice.kind != ToolChoice::Kind::kNone)
    add_instructions(out, instructions(request.tools, request.tool_choice), place);
  return out;
}

}  // namespace steward::model
