#include "steward/model/remote/request_body.h"

#include <iterator>

#include <fmt/format.h>

namespace steward::model {
namespace {

void append_number(std::string& out, double value) { fmt::format_to(std::back_inserter(out), "{}", value); }
void append_number(std::string& out, std::int64_t value) { fmt::format_to(std::back_inserter(out), "{}", value); }

void append_tool_calls(std::string& out, const std::vector<ToolCall>& calls) {
  out += ",\"tool_calls\":[";
  for (std::size_t i = 0; i < calls.size(); ++i) {
    out += i > 0 ? ",{\"id\":" : "{\"id\":";
    append_json_string(out, calls[i].id);
    out += ",\"type\":\"function\",\"function\":{\"name\":";
    append_json_string(out, calls[i].name);
    out += ",\"arguments\":";
    append_json_string(out, calls[i].arguments);
    out += "}}";
  }
  out += ']';
}

void append_messages(std::string& out, const std::vector<ChatMessage>& messages) {
  out += ",\"messages\":[";
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const ChatMessage& message = messages[i];
    out += i > 0 ? ",{\"role\":" : "{\"role\":";
    append_json_string(out, message.role);
    if (!message.name.empty()) {
      out += ",\"name\":";
      append_json_string(out, message.name);
    }
    out += ",\"content\":";
    if (message.content.empty() && !message.tool_calls.empty())
      out += "null";
    else
      append_json_string(out, message.content);
    if (!message.tool_calls.empty()) append_tool_calls(out, message.tool_calls);
    if (!message.tool_call_id.empty()) {
      out += ",\"tool_call_id\":";
      append_json_string(out, message.tool_call_id);
    }
    out += '}';
  }
  out += ']';
}

void append_prompt(std::string& out, const Prompt& prompt) {
  out += ",\"prompt\":";
  if (const auto* text = std::get_if<std::string>(&prompt)) return append_json_string(out, *text);
  const auto& tokens = std::get<std::vector<Token>>(prompt);
  out += '[';
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (i > 0) out += ',';
    append_number(out, std::int64_t{tokens[i]});
  }
  out += ']';
}

/// Temperature and top_p always: another server's defaults may differ. Fields that OpenAI does not have only where they mean something.
void append_sampling(std::string& out, const Sampling& sampling) {
  const auto number = [&out](std::string_view key, auto value) {
    out.append(",\"").append(key).append("\":");
    append_number(out, value);
  };
  number("temperature", sampling.temperature);
  number("top_p", sampling.top_p);
  if (sampling.top_k != 0) number("top_k", std::int64_t{sampling.top_k});
  if (sampling.min_p != 0) number("min_p", sampling.min_p);
  if (sampling.presence_penalty != 0) number("presence_penalty", sampling.presence_penalty);
  if (sampling.frequency_penalty != 0) number("frequency_penalty", sampling.frequency_penalty);
  if (sampling.seed) fmt::format_to(std::back_inserter(out), ",\"seed\":{}", *sampling.seed);
  if (sampling.max_tokens >= 0) number("max_tokens", std::int64_t{sampling.max_tokens});
  if (!sampling.stop.empty()) {
    out += ",\"stop\":[";
    for (std::size_t i = 0; i < sampling.stop.size(); ++i) {
      if (i > 0) out += ',';
      append_json_string(out, sampling.stop[i]);
    }
    out += ']';
  }
  if (!sampling.logit_bias.empty()) {
    out += ",\"logit_bias\":{";
    for (std::size_t i = 0; i < sampling.logit_bias.size(); ++i)
      fmt::format_to(std::back_inserter(out), "{}\"{}\":{}", i > 0 ? "," : "", sampling.logit_bias[i].first, sampling.logit_bias[i].second);
    out += '}';
  }
}

void append_tools(std::string& out, const GenerateRequest& request) {
  out += ",\"tools\":[";
  for (std::size_t i = 0; i < request.tools.size(); ++i) {
    const Tool& tool = request.tools[i];
    out += i > 0 ? ",{\"type\":\"function\",\"function\":{\"name\":" : "{\"type\":\"function\",\"function\":{\"name\":";
    append_json_string(out, tool.name);
    if (!tool.description.empty()) {
      out += ",\"description\":";
      append_json_string(out, tool.description);
    }
    if (!tool.parameters.is_null()) out.append(",\"parameters\":").append(json::dump(tool.parameters));
    if (tool.strict) out += ",\"strict\":true";
    out += "}}";
  }
  out += ']';
  switch (request.tool_choice.kind) {
    case ToolChoice::Kind::kAuto:
      break;
    case ToolChoice::Kind::kNone:
      out += ",\"tool_choice\":\"none\"";
      break;
    case ToolChoice::Kind::kRequired:
      out += ",\"tool_choice\":\"required\"";
      break;
    case ToolChoice::Kind::kNamed:
      out += ",\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":";
      append_json_string(out, request.tool_choice.name);
      out += "}}";
      break;
  }
  if (!request.parallel_tool_calls) out += ",\"parallel_tool_calls\":false";
}

void append_format(std::string& out, const ResponseFormat& format) {
  if (format.kind == ResponseFormat::Kind::kText) return;
  if (format.kind == ResponseFormat::Kind::kJsonObject) {
    out += ",\"response_format\":{\"type\":\"json_object\"}";
    return;
  }
  out += ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":";
  append_json_string(out, format.name);
  out.append(",\"schema\":").append(json::dump(format.schema));
  if (format.strict) out += ",\"strict\":true";
  out += "}}";
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) { json::append_string(out, text); }

std::string request_body(std::string_view model, const GenerateRequest& request) {
  std::string out;
  out.reserve(2048);
  out += "{\"model\":";
  append_json_string(out, model);
  const auto* messages = std::get_if<std::vector<ChatMessage>>(&request.prompt);
  if (messages)
    append_messages(out, *messages);
  else
    append_prompt(out, request.prompt);
  append_sampling(out, request.sampling);
  if (!request.tools.empty()) append_tools(out, request);
  append_format(out, request.format);
  if (request.sampling.want_logprobs && messages)
    fmt::format_to(std::back_inserter(out), ",\"logprobs\":true,\"top_logprobs\":{}", request.sampling.logprobs);
  else if (request.sampling.want_logprobs)
    fmt::format_to(std::back_inserter(out), ",\"logprobs\":{}", request.sampling.logprobs);
  if (request.sampling.echo) out += ",\"echo\":true";
  if (request.stream && !request.sampling.echo) out += ",\"stream\":true,\"stream_options\":{\"include_usage\":true}";
  out += '}';
  return out;
}

}  // namespace steward::model
