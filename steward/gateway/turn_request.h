#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "steward/core/json.h"
#include "steward/core/result.h"
#include "steward/gateway/gateway.h"
#include "steward/guard/guard.h"
#include "steward/model/language_model.h"

namespace steward::gateway {

/// The model and the guard that a model id selects.
struct Target {
  std::string model_id;  ///< as the client wrote it: "demo" or "demo@strict"
  std::string profile;
  model::LanguageModel* model = nullptr;
  std::shared_ptr<const guard::Guard> guard;  ///< null for raw; shared with the profiles and other turns
};

enum class Surface { kChat, kCompletions };
std::string_view to_string(Surface surface);

/// A chat or completions request after the one strict parse.
struct TurnRequest {
  Surface surface = Surface::kChat;
  Target target;
  bool stream = false;
  bool include_usage = false;
  std::string end_user;                                                       ///< safety_identifier, else user; may be empty
  std::optional<std::string> conversation_id;                                 ///< metadata.conversation_id
  std::vector<model::ChatMessage> messages;                                   ///< chat
  std::vector<std::variant<std::string, std::vector<model::Token>>> prompts;  ///< completions: one choice each
  model::Sampling sampling;
  std::vector<model::Tool> tools = {};  ///< chat
  model::ToolChoice tool_choice = {};
  bool parallel_tool_calls = true;
  model::ResponseFormat format = {};  ///< chat
  int samples = 1;                    ///< `n`: answers to each prompt
  bool reproducible = false;
};

/// Errors: kInvalidInput "model"; kNotFound "model"; kPermissionDenied for raw without the permission.
Result<Target> choose_target(const GatewayParts& parts, const GatewayOptions& options, const Principal& principal,
                             std::string_view model_id);

/// Errors: kInvalidInput or kTooLarge with the field as `param`. What this gateway cannot do yet is refused, never ignored, where
/// ignoring would change the meaning of the answer; other unknown fields are ignored.
Result<TurnRequest> read_chat(const GatewayParts& parts, const GatewayOptions& options, const Principal& principal,
                              const json::Object& body);
Result<TurnRequest> read_completion(const GatewayParts& parts, const GatewayOptions& options, const Principal& principal,
                                    const json::Object& body);

/// Tokens of a JSON array. Errors: kInvalidInput naming `param`.
Result<std::vector<model::Token>> read_tokens(const json::Array& array, std::string_view param);

}  // namespace steward::gateway
