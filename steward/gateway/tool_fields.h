#pragma once

#include <string>
#include <vector>

#include "steward/core/json.h"
#include "steward/core/result.h"
#include "steward/gateway/turn_request.h"
#include "steward/model/language_model.h"

namespace steward::gateway {

/// `tools`, `tool_choice` and `parallel_tool_calls` of a chat request. Errors: kInvalidInput with the field as `param`.
Result<void> read_tools(const json::Object& body, TurnRequest& request);

/// `response_format`. Errors: kInvalidInput.
Result<void> read_response_format(const json::Object& body, TurnRequest& request);

/// `tool_calls` of an assistant's message; empty when there are none. `param` is the path of the message.
Result<std::vector<model::ToolCall>> read_tool_calls(const json::Object& message, const std::string& param);

/// Bytes of text in the tools, for the limit on a request's text.
std::size_t text_bytes(const std::vector<model::Tool>& tools);

/// Names of functions as OpenAI allows them: 1 to 64 letters, digits, '_' and '-' (and '.', which MCP servers use).
bool is_function_name(std::string_view name);
/// Ids of calls, as servers make them: 1 to 256 printable ASCII characters without space, quote or backslash. No filter reads them.
bool is_call_id(std::string_view id);

}  // namespace steward::gateway
