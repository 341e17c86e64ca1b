#include "steward/gateway/tool_fields.h"

#include <algorithm>

#include <fmt/format.h>

namespace steward::gateway {
namespace {

constexpr std::size_t kToolsMax = 128;
constexpr std::size_t kCallsMax = 128;
constexpr std::size_t kCallIdBytesMax = 256;

tl::unexpected<Error> invalid(std::string_view param, std::string message) {
  return fail(ErrorCode::kInvalidInput, std::move(message), std::string(param));
}

Result<std::string> read_function_name(const json::Object& function, const std::string& param) {
  const auto name = TRY(json::get_string(function, "name"));
  if (!name || !is_function_name(*name))
    return invalid(param + ".name", fmt::format("'{}.name' must have 1 to 64 letters, digits, '_', '-' or '.'", param));
  return *name;
}

Result<model::Tool> read_tool(const json::Value& value, const std::string& param) {
  const auto* object = value.if_object();
  if (!object) return invalid(param, fmt::format("'{}' must be an object", param));
  if (TRY(json::get_string(*object, "type")) != "function")
    return invalid(param + ".type", fmt::format("'{}.type' must be \"function\": other tools are not served", param));
  const json::Object* function = TRY(json::get_object(*object, "function"));
  if (!function) return invalid(param + ".function", fmt::format("'{}.function' is missing", param));
  model::Tool tool;
  tool.name = TRY(read_function_name(*function, param + ".function"));
  tool.description = TRY(json::get_string(*function, "description")).value_or("");
  tool.strict = TRY(json::get_bool(*function, "strict")).value_or(false);
  if (const json::Object* parameters = TRY(json::get_object(*function, "parameters"))) tool.parameters = *parameters;
  return tool;
}

Result<model::ToolChoice> read_tool_choice(const json::Value& value, const TurnRequest& request) {
  using Kind = model::ToolChoice::Kind;
  if (const auto* word = value.if_string()) {
    if (*word == "auto") return model::ToolChoice{Kind::kAuto};
    if (*word == "none") return model::ToolChoice{Kind::kNone};
    if (*word == "required") return model::ToolChoice{Kind::kRequired};
    return invalid("tool_choice", "'tool_choice' must be auto, none, required or {\"type\": \"function\", \"function\": {\"name\": …}}");
  }
  const auto* object = value.if_object();
  const json::Object* function = object ? TRY(json::get_object(*object, "function")) : nullptr;
  if (!function || TRY(json::get_string(*object, "type")) != "function")
    return invalid("tool_choice", "'tool_choice' must be auto, none, required or {\"type\": \"function\", \"function\": {\"name\": …}}");
  const std::string name = TRY(read_function_name(*function, "tool_choice.function"));
  const auto& tools = request.tools;
  if (std::none_of(tools.begin(), tools.end(), [&](const model::Tool& tool) { return tool.name == name; }))
    return invalid("tool_choice", "'tool_choice' names a function that is not among 'tools'");
  return model::ToolChoice{Kind::kNamed, name};
}

}  // namespace

bool is_function_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  };
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), fits);
}

bool is_call_id(std::string_view id) {
  const auto fits = [](char c) { return c > 0x20 && c < 0x7F && c != '"' && c != '\\'; };
  return !id.empty() && id.size() <= kCallIdBytesMax && std::all_of(id.begin(), id.end(), fits);
}

std::size_t text_bytes(const std::vector<model::Tool>& tools) {
  std::size_t bytes = 0;
  for (const model::Tool& tool : tools) bytes += tool.name.size() + tool.description.size() + json::dump(tool.parameters).size();
  return bytes;
}

Result<void> read_tools(const json::Object& body, TurnRequest& request) {
  const json::Array* functions = TRY(json::get_array(body, "functions"));
  if (functions && !functions->empty()) return invalid("functions", "'functions' is OpenAI's old form: send 'tools'");
  if (const json::Array* tools = TRY(json::get_array(body, "tools"))) {
    if (tools->size() > kToolsMax) return invalid("tools", fmt::format("'tools' holds more than {} functions", kToolsMax));
    for (std::size_t i = 0; i < tools->size(); ++i) {
      model::Tool tool = TRY(read_tool((*tools)[i], fmt::format("tools[{}]", i)));
      for (const model::Tool& other : request.tools)
        if (other.name == tool.name) return invalid("tools", fmt::format("tools[{}] has the name of another function", i));
      request.tools.push_back(std::move(tool));
    }
  }
  const json::Value* choice = body.if_contains("tool_choice");
  if (choice && !choice->is_null()) request.tool_choice = TRY(read_tool_choice(*choice, request));
  if (request.tools.empty() && request.tool_choice.kind == model::ToolChoice::Kind::kRequired)
    return invalid("tool_choice", "'tool_choice' required needs 'tools'");
  request.parallel_tool_calls = TRY(json::get_bool(body, "parallel_tool_calls")).value_or(true);
  return {};
}

Result<void> read_response_format(const json::Object& body, TurnRequest& request) {
  using Kind = model::ResponseFormat::Kind;
  const json::Object* format = TRY(json::get_object(body, "response_format"));
  if (!format) return {};
  const auto type = TRY(json::get_string(*format, "type"));
  if (type == "text") return {};
  if (type == "json_object") {
    request.format.kind = Kind::kJsonObject;
    return {};
  }
  if (type != "json_schema") return invalid("response_format", "'response_format.type' must be text, json_object or json_schema");
  const json::Object* described = TRY(json::get_object(*format, "json_schema"));
  const json::Object* schema = described ? TRY(json::get_object(*described, "schema")) : nullptr;
  if (!schema) return invalid("response_format", "'response_format.json_schema.schema' must be a JSON Schema: an object");
  request.format.kind = Kind::kJsonSchema;
  request.format.name = TRY(json::get_string(*described, "name")).value_or("reply");
  if (!is_function_name(request.format.name))
    return invalid("response_format", "'response_format.json_schema.name' must have 1 to 64 letters, digits, '_', '-' or '.'");
  request.format.schema = *schema;
  request.format.strict = TRY(json::get_bool(*described, "strict")).value_or(false);
  return {};
}

Result<std::vector<model::ToolCall>> read_tool_calls(const json::Object& message, const std::string& param) {
  std::vector<model::ToolCall> calls;
  const json::Array* list = TRY(json::get_array(message, "tool_calls"));
  if (!list) return calls;
  if (list->size() > kCallsMax) return invalid(param + ".tool_calls", fmt::format("'{}.tool_calls' holds more than {}", param, kCallsMax));
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string path = fmt::format("{}.tool_calls[{}]", param, i);
    const auto* object = (*list)[i].if_object();
    const json::Object* function = object ? TRY(json::get_object(*object, "function")) : nullptr;
    if (!function) return invalid(path, fmt::format("'{}' must be a call with 'id' and 'function'", path));
    model::ToolCall call;
    call.id = TRY(json::get_string(*object, "id")).value_or("");
    if (!is_call_id(call.id)) return invalid(path + ".id", fmt::format("'{}.id' must be the id of a call", path));
    call.name = TRY(read_function_name(*function, path + ".function"));
    call.arguments = TRY(json::get_string(*function, "arguments")).value_or("");
    calls.push_back(std::move(call));
  }
  return calls;
}

}  // namespace steward::gateway
