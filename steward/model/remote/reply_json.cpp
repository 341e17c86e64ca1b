#include "steward/model/remote/reply_json.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace steward::model {
namespace {

/// Ids of tokens are not part of OpenAI's replies.
constexpr Token kUnknownToken = -1;

tl::unexpected<Error> malformed(std::string_view what) {
  return fail(ErrorCode::kUnavailable, "the upstream's reply is malformed: " + std::string(what));
}

/// A document that lives no longer than one reading of it: small ones need no heap.
class Document {
 public:
  /// As json::parse, but a key may stand twice (we write what we read anew) and a string may be cut inside a character.
  Result<const json::Object*> parse(std::string_view text) {
    boost::json::parse_options options;
    options.max_depth = 64;
    options.allow_invalid_utf8 = true;
    boost::json::parser parser(boost::json::storage_ptr(), options, scratch_.data(), scratch_.size());
    parser.reset(&memory_);
    boost::system::error_code error;
    parser.write(text.data(), text.size(), error);
    if (error) return malformed("it is not JSON");
    value_.emplace(parser.release());
    if (!value_->is_object()) return malformed("it is no JSON object");
    return &value_->get_object();
  }

 private:
  std::array<unsigned char, 2048> scratch_;
  std::array<unsigned char, 4096> first_;
  boost::json::monotonic_resource memory_{first_.data(), first_.size()};
  std::optional<json::Value> value_;  // in memory_
};

const json::Value* member(const json::Object& object, std::string_view key) {
  const json::Value* value = object.if_contains(key);
  return value && !value->is_null() ? value : nullptr;
}

Result<const json::Object*> object_at(const json::Object& object, std::string_view key) {
  const json::Value* value = member(object, key);
  if (!value) return static_cast<const json::Object*>(nullptr);
  if (!value->is_object()) return malformed(key);
  return &value->get_object();
}

Result<const json::Array*> array_at(const json::Object& object, std::string_view key) {
  const json::Value* value = member(object, key);
  if (!value) return static_cast<const json::Array*>(nullptr);
  if (!value->is_array()) return malformed(key);
  return &value->get_array();
}

/// Appends the string; nothing if there is none.
Result<void> append_text(const json::Object& object, std::string_view key, std::string& out) {
  const json::Value* value = member(object, key);
  if (!value) return {};
  if (!value->is_string()) return malformed(key);
  out.append(value->get_string().data(), value->get_string().size());
  return {};
}

int count_at(const json::Object& object, std::string_view key) {
  const json::Value* value = member(object, key);
  if (!value || !value->is_number()) return 0;
  return static_cast<int>(std::clamp(value->to_number<double>(), 0.0, 2e9));
}

std::optional<double> number_of(const json::Value& value) {
  return value.is_number() ? std::optional(value.to_number<double>()) : std::nullopt;
}

Result<std::optional<FinishReason>> finish_at(const json::Object& choice) {
  std::string word;
  TRY(append_text(choice, "finish_reason", word));
  if (word.empty()) return std::optional<FinishReason>();
  if (word == "stop") return std::optional(FinishReason::kStop);
  if (word == "length") return std::optional(FinishReason::kLength);
  if (word == "tool_calls") return std::optional(FinishReason::kToolCalls);
  if (word == "content_filter") return std::optional(FinishReason::kContentFilter);
  return malformed("finish_reason");
}

Result<std::optional<Usage>> usage_at(const json::Object& document) {
  const json::Object* usage = TRY(object_at(document, "usage"));
  if (!usage) return std::optional<Usage>();
  Usage out;
  out.prompt_tokens = count_at(*usage, "prompt_tokens");
  out.completion_tokens = count_at(*usage, "completion_tokens");
  if (const json::Value* details = member(*usage, "prompt_tokens_details"); details && details->is_object())
    out.cached_tokens = count_at(details->get_object(), "cached_tokens");
  return std::optional(out);
}

/// `bytes` where they are given: a token may be part of a character, which its text cannot show.
Result<std::string> token_bytes(const json::Object& token) {
  std::string out;
  const json::Value* bytes = member(token, "bytes");
  if (!bytes || !bytes->is_array()) {
    TRY(append_text(token, "token", out));
    return out;
  }
  for (const json::Value& byte : bytes->get_array()) {
    const auto number = number_of(byte);
    if (!number || *number < 0 || *number > 255) return malformed("bytes");
    out += static_cast<char>(static_cast<unsigned char>(*number));
  }
  return out;
}

Result<void> read_chat_logprobs(const json::Object& choice, ReplyPart& part) {
  const json::Object* logprobs = TRY(object_at(choice, "logprobs"));
  const json::Array* content = logprobs ? TRY(array_at(*logprobs, "content")) : nullptr;
  if (!content) return {};
  part.has_logprobs = true;
  for (const json::Value& item : *content) {
    if (!item.is_object()) return malformed("logprobs");
    TokenLogprob token;
    token.token = kUnknownToken;
    token.text = TRY(token_bytes(item.get_object()));
    if (const json::Value* value = member(item.get_object(), "logprob")) token.logprob = number_of(*value);
    if (const json::Array* top = TRY(array_at(item.get_object(), "top_logprobs"))) {
      for (const json::Value& other : *top) {
        const json::Value* value = other.is_object() ? member(other.get_object(), "logprob") : nullptr;
        if (!value || !value->is_number()) return malformed("top_logprobs");
        token.top.emplace_back(kUnknownToken, TRY(token_bytes(other.get_object())), value->to_number<double>());
      }
    }
    part.tokens.push_back(std::move(token));
  }
  return {};
}

Result<void> read_text_logprobs(const json::Object& choice, ReplyPart& part) {
  const json::Object* logprobs = TRY(object_at(choice, "logprobs"));
  if (!logprobs) return {};
  const json::Array* texts = TRY(array_at(*logprobs, "tokens"));
  const json::Array* values = TRY(array_at(*logprobs, "token_logprobs"));
  const json::Array* tops = TRY(array_at(*logprobs, "top_logprobs"));
  const json::Array* offsets = TRY(array_at(*logprobs, "text_offset"));
  if (!texts || !values || values->size() != texts->size() || (tops && tops->size() != texts->size())) return malformed("logprobs");
  part.has_logprobs = true;
  for (std::size_t i = 0; i < texts->size(); ++i) {
    if (!(*texts)[i].is_string()) return malformed("logprobs");
    TokenLogprob token;
    token.token = kUnknownToken;
    token.text = std::string((*texts)[i].get_string());
    token.logprob = number_of((*values)[i]);
    if (tops && (*tops)[i].is_object()) {
      for (const auto& [text, value] : (*tops)[i].get_object()) {
        if (!value.is_number()) return malformed("top_logprobs");
        token.top.emplace_back(kUnknownToken, std::string(text), value.to_number<double>());
      }
      std::stable_sort(token.top.begin(), token.top.end(), [](const auto& a, const auto& b) { return std::get<2>(a) > std::get<2>(b); });
    }
    part.tokens.push_back(std::move(token));
  }
  if (offsets && offsets->size() == texts->size())
    for (const json::Value& offset : *offsets) part.text_offsets.push_back(offset.is_int64() ? offset.get_int64() : -1);
  return {};
}

Result<void> read_tool_calls(const json::Object& message, ReplyPart& part) {
  const json::Array* calls = TRY(array_at(message, "tool_calls"));
  if (!calls) return {};
  for (std::size_t i = 0; i < calls->size(); ++i) {
    if (!(*calls)[i].is_object()) return malformed("tool_calls");
    const json::Object& call = (*calls)[i].get_object();
    const json::Object* function = TRY(object_at(call, "function"));
    ToolCallPiece piece;
    piece.index = member(call, "index") ? count_at(call, "index") : static_cast<int>(i);
    TRY(append_text(call, "id", piece.id));
    if (function) {
      TRY(append_text(*function, "name", piece.name));
      TRY(append_text(*function, "arguments", piece.arguments));
    }
    part.tool_calls.push_back(std::move(piece));
  }
  return {};
}

Result<void> read_choice(const json::Object& choice, ReplyForm form, ReplyPart& part) {
  part.finish = TRY(finish_at(choice));
  if (form == ReplyForm::kTextWhole || form == ReplyForm::kTextChunk) {
    TRY(append_text(choice, "text", part.text));
    return read_text_logprobs(choice, part);
  }
  const json::Object* message = TRY(object_at(choice, form == ReplyForm::kChatWhole ? "message" : "delta"));
  if (message) {
    TRY(append_text(*message, "content", part.text));
    TRY(append_text(*message, "refusal", part.text));  // a model's refusal is what it said
    TRY(read_tool_calls(*message, part));
  }
  return read_chat_logprobs(choice, part);
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '.' || c == '-'; });
}

UpstreamError describe(const json::Object& error) {
  UpstreamError out;
  std::string message;
  for (const std::string_view key : {"code", "type"}) {
    const json::Value* value = member(error, key);
    if (!value || !value->is_string() || !is_name(value->get_string())) continue;
    const std::string name(value->get_string());
    if (out.code.empty()) out.code = name;
    out.context_length |= name == "context_length_exceeded" || name == "exceed_context_size_error";
  }
  // Some servers say it in words only.
  if (append_text(error, "message", message)) out.context_length |= message.find("maximum context length") != std::string::npos;
  return out;
}

}  // namespace

Result<ReplyPart> read_reply(std::string_view text, ReplyForm form) {
  Document document;
  const json::Object* parsed = TRY(document.parse(text));
  const json::Object& object = *parsed;
  ReplyPart part;
  if (const json::Value* error = member(object, "error")) {
    part.error = error->is_object() ? describe(error->get_object()) : UpstreamError{};
    return part;
  }
  if (const json::Value* kind = member(object, "object"); kind && kind->is_string() && kind->get_string() == "error") {
    part.error = describe(object);
    return part;
  }
  part.usage = TRY(usage_at(object));
  const json::Array* choices = TRY(array_at(object, "choices"));
  if (!choices) return malformed("it has no choices");
  for (const json::Value& choice : *choices) {
    if (!choice.is_object()) return malformed("choices");
    if (count_at(choice.get_object(), "index") != 0) continue;  // one was asked for
    TRY(read_choice(choice.get_object(), form, part));
  }
  return part;
}

UpstreamError read_upstream_error(std::string_view body) {
  Document document;
  const auto parsed = document.parse(body);
  if (!parsed) return {};
  const json::Object& object = **parsed;
  const json::Value* error = member(object, "error");
  return error && error->is_object() ? describe(error->get_object()) : describe(object);
}

}  // namespace steward::model
