#include "steward/model/remote/reply_stream.h"

#include <algorithm>

#include <fmt/format.h>

#include "steward/core/utf8.h"

namespace steward::model {
namespace {

tl::unexpected<Error> incomplete() { return fail(ErrorCode::kUnavailable, "the upstream's reply ended before it was complete"); }

/// Bytes at the end of `text` that are the beginning of a character.
std::size_t unfinished_bytes(std::string_view text) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xC0) == 0x80) continue;
    const std::size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

/// Every byte that belongs to no character becomes U+FFFD.
void repair(std::string& text) {
  auto bad = find_invalid_utf8(text);
  if (!bad) return;
  std::string out;
  std::string_view rest = text;
  for (; bad; bad = find_invalid_utf8(rest)) {
    out.append(rest.substr(0, *bad)).append("\xEF\xBF\xBD");
    rest.remove_prefix(*bad + 1);
  }
  out += rest;
  text = std::move(out);
}

std::int64_t count_characters(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

Error error_of(const UpstreamError& error) {
  if (error.context_length) return {ErrorCode::kInvalidInput, "the prompt does not fit the upstream's context", "context_length_exceeded"};
  return {ErrorCode::kUnavailable,
          error.code.empty() ? "the upstream reports an error" : fmt::format("the upstream reports an error ({})", error.code), ""};
}

}  // namespace

Result<void> ReplyStream::feed(std::string_view bytes, const Sink& sink) {
  if (!expected_.is_events) {
    body_ += bytes;
    return {};
  }
  if (ended_) return {};
  events_.push(bytes);
  const ReplyForm form = expected_.is_chat ? ReplyForm::kChatChunk : ReplyForm::kTextChunk;
  while (const auto event = events_.next()) {
    if (event->data == "[DONE]") {
      ended_ = true;
      return {};
    }
    ReplyPart part = TRY(read_reply(event->data, form));
    if (event->name == "error" && !part.error) part.error.emplace();
    TRY(take(std::move(part), sink));
  }
  if (events_.too_long()) return fail(ErrorCode::kUnavailable, "an event of the upstream's reply is too long");
  return {};
}

Result<void> ReplyStream::take(ReplyPart part, const Sink& sink) {
  if (part.error) return fail(error_of(*part.error));
  if (part.usage) usage_ = *part.usage;
  if (part.finish) reason_ = part.finish;
  if (expected_.echo) TRY(split_echo(part, sink));
  if (expected_.logprobs && !part.has_logprobs && !part.text.empty())
    return fail(ErrorCode::kInvalidInput, "the upstream of this model gives no log-probabilities: leave 'logprobs' out", "logprobs");
  give_text(std::move(part.text), expected_.logprobs ? std::move(part.tokens) : std::vector<TokenLogprob>(), sink);
  return gather(std::move(part.tool_calls));
}

/// Takes the prompt's tokens and text from the front of the reply.
Result<void> ReplyStream::split_echo(ReplyPart& part, const Sink& sink) const {
  if (!part.has_logprobs && expected_.logprobs)
    return fail(ErrorCode::kInvalidInput, "the upstream of this model gives no log-probabilities: leave 'logprobs' out", "logprobs");
  if (expected_.prompt_is_text) {
    if (!part.text.starts_with(expected_.prompt))
      return fail(ErrorCode::kInvalidInput, "the upstream of this model does not echo the prompt: leave 'echo' out", "echo");
    part.text.erase(0, expected_.prompt.size());
  }
  std::size_t prompt_tokens = 0;
  if (part.usage) {
    const auto written = static_cast<std::size_t>(part.usage->completion_tokens);
    prompt_tokens = part.tokens.size() - std::min(part.tokens.size(), written);
    // Some servers end with an entry without text where the model had nothing to add.
    const bool blank = written == 0 && expected_.generates && !part.tokens.empty() && part.tokens.back().text.empty();
    if (blank) --prompt_tokens;
  } else if (expected_.prompt_is_text && part.text_offsets.size() == part.tokens.size()) {
    const std::int64_t end = count_characters(expected_.prompt);
    while (prompt_tokens < part.tokens.size() && part.text_offsets[prompt_tokens] < end) ++prompt_tokens;
  } else if (!part.tokens.empty()) {
    return fail(ErrorCode::kUnavailable, "the upstream's reply does not say where the prompt ends: it has neither usage nor text offsets");
  }
  const auto middle = part.tokens.begin() + static_cast<std::ptrdiff_t>(prompt_tokens);
  std::vector<TokenLogprob> prompt(std::make_move_iterator(part.tokens.begin()), std::make_move_iterator(middle));
  part.tokens.erase(part.tokens.begin(), middle);
  if (!expected_.prompt_is_text) {
    std::size_t size = 0;
    for (const TokenLogprob& token : prompt) size += token.text.size();
    part.text.erase(0, std::min(size, part.text.size()));
  }
  if (sink.on_prompt) sink.on_prompt(std::move(prompt));
  return {};
}

void ReplyStream::give_text(std::string text, std::vector<TokenLogprob> tokens, const Sink& sink) {
  if (!held_.empty()) {
    text.insert(0, held_);
    held_.clear();
  }
  if (const std::size_t unfinished = unfinished_bytes(text)) {
    held_ = text.substr(text.size() - unfinished);
    text.resize(text.size() - unfinished);
  }
  repair(text);
  if (!text.empty() || !tokens.empty()) sink.on_delta(text, std::move(tokens));
}

Result<void> ReplyStream::gather(std::vector<ToolCallPiece> pieces) {
  for (ToolCallPiece& piece : pieces) {
    if (piece.index >= kToolCallsMax)
      return fail(ErrorCode::kUnavailable, fmt::format("the upstream asks for more than {} calls", kToolCallsMax));
    ToolCall& call = calls_[piece.index];
    if (call.id.empty()) call.id = std::move(piece.id);
    if (call.name.empty()) call.name = std::move(piece.name);
    call.arguments += piece.arguments;
  }
  return {};
}

Result<FinishReason> ReplyStream::finish(const Sink& sink) {
  if (!expected_.is_events) {
    ReplyPart whole = TRY(read_reply(body_, expected_.is_chat ? ReplyForm::kChatWhole : ReplyForm::kTextWhole));
    TRY(take(std::move(whole), sink));
  } else if (!ended_) {
    return incomplete();
  }
  if (!reason_) return incomplete();
  if (!held_.empty()) {
    held_.clear();
    sink.on_delta("\xEF\xBF\xBD", {});
  }
  for (auto& [index, call] : calls_) {
    if (call.name.empty()) return fail(ErrorCode::kUnavailable, "the upstream asks for a function without a name");
    if (call.id.empty()) call.id = fmt::format("call_{}", index);
    repair(call.name);
    repair(call.arguments);
    if (sink.on_tool_call) sink.on_tool_call(std::move(call));
  }
  return *reason_;
}

}  // namespace steward::model
