#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "steward/model/language_model.h"

namespace steward::model {

enum class ReplyForm { kChatWhole, kChatChunk, kTextWhole, kTextChunk };

/// A piece of a function call; the first piece of a call has its id and name.
struct ToolCallPiece {
  int index = 0;
  std::string id, name, arguments;
};

/// What an upstream says of an error. Names only: a message could quote the user.
struct UpstreamError {
  std::string code;  ///< [A-Za-z0-9_.-]{1,64}, or empty; `type` stands in for a missing one
  bool context_length = false;
};

/// One JSON document of a reply: the whole or a chunk.
struct ReplyPart {
  std::string text;  ///< may begin or end inside a character
  std::vector<TokenLogprob> tokens;
  bool has_logprobs = false;
  std::vector<std::int64_t> text_offsets;  ///< of `tokens`, in characters, if the upstream gives them
  std::vector<ToolCallPiece> tool_calls;
  std::optional<FinishReason> finish;
  std::optional<Usage> usage;
  std::optional<UpstreamError> error;
};

/// Errors: kUnavailable if it is not such a document.
Result<ReplyPart> read_reply(std::string_view json, ReplyForm form);

/// Of an error's body, which may be anything.
UpstreamError read_upstream_error(std::string_view body);

}  // namespace steward::model
