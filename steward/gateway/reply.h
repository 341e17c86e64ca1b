#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "steward/core/json.h"
#include "steward/gateway/turn_request.h"
#include "steward/guard/finding.h"
#include "steward/model/language_model.h"
#include "steward/prompting/prompting.h"

namespace steward::gateway {

/// What every chunk and every whole reply of one turn repeats.
struct ReplyHead {
  std::string id;  ///< chatcmpl-… or cmpl-…
  std::int64_t created_s = 0;
  std::string model_id;
  Surface surface = Surface::kChat;
};

/// One finished choice in the client's shape.
struct ReplyChoice {
  int index = 0;
  std::string text;
  std::vector<model::ToolCall> calls = {};
  std::string finish_reason;
  json::Value logprobs;  ///< null unless asked for
};

json::Object usage_body(const model::Usage& usage);
/// chat.completion or text_completion.
json::Object whole_reply(const ReplyHead& head, const std::vector<ReplyChoice>& choices, const model::Usage& usage);

/// One server-sent event.
std::string sse(const json::Value& value);
inline constexpr std::string_view kSseDone = "data: [DONE]\n\n";

/// The streamed forms. Text chunks; the first one of a chat choice carries the role alone.
json::Object role_chunk(const ReplyHead& head, int index);
/// The whole event, written at once: there is one for each delta.
std::string text_event(const ReplyHead& head, int index, std::string_view text, const json::Value& logprobs);
/// All calls of a choice, whole.
json::Object calls_chunk(const ReplyHead& head, int index, const std::vector<model::ToolCall>& calls);
json::Object finish_chunk(const ReplyHead& head, int index, std::string_view finish_reason);
/// Empty choices, as stream_options.include_usage asks.
json::Object usage_chunk(const ReplyHead& head, const model::Usage& usage);

/// The findings of a decision, without any text.
json::Array findings_body(const guard::Decision& decision);

}  // namespace steward::gateway
