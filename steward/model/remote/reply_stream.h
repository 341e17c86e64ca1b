#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "steward/model/language_model.h"
#include "steward/model/remote/reply_json.h"
#include "steward/model/remote/sse.h"

namespace steward::model {

/// Puts a reply's body together for a sink: text in whole characters, function calls whole, usage, the finish reason. Fed the same body in
/// any pieces it gives the same text. Not thread-safe.
class ReplyStream {
 public:
  struct Expected {
    bool is_chat = true;
    bool is_events = false;      ///< the reply is a stream of events
    bool logprobs = false;       ///< were asked for
    bool echo = false;           ///< was asked for: the reply begins with the prompt
    bool generates = true;       ///< more than no token was asked for
    std::string prompt = {};     ///< of an echo
    bool prompt_is_text = true;  ///< else the prompt was given as tokens
  };
  /// The largest event of a stream; a whole reply is bounded by who reads it.
  static constexpr std::size_t kEventBytesMax = std::size_t{1} << 20;
  static constexpr int kToolCallsMax = 128;

  explicit ReplyStream(Expected expected) : expected_(std::move(expected)), events_(kEventBytesMax) {}

  /// Calls on_delta of `sink` for text that has come. Errors: kUnavailable (malformed, or an error of the upstream), kInvalidInput with
  /// "logprobs" as param if the upstream gives none.
  Result<void> feed(std::string_view bytes, const Sink& sink);
  /// All bytes have come: gives what is left, but for on_done. Errors: as feed(), and if the reply is not complete.
  Result<FinishReason> finish(const Sink& sink);
  bool has_ended() const { return ended_; }  ///< the last event of a stream was seen
  const Usage& usage() const { return usage_; }

 private:
  Result<void> take(ReplyPart part, const Sink& sink);
  Result<void> split_echo(ReplyPart& part, const Sink& sink) const;
  Result<void> gather(std::vector<ToolCallPiece> pieces);
  void give_text(std::string text, std::vector<TokenLogprob> tokens, const Sink& sink);

  const Expected expected_;
  SseReader events_;
  std::string body_;  ///< of a whole reply
  std::string held_;  ///< the beginning of a character
  std::map<int, ToolCall> calls_;
  std::optional<FinishReason> reason_;
  Usage usage_;
  bool ended_ = false;
};

}  // namespace steward::model
