#include "steward/gateway/logprobs.h"

#include <cmath>

#include <fmt/format.h>

#include "steward/gateway/utf8.h"

namespace steward::gateway {
namespace {

/// JSON has no infinity; OpenAI prints -9999 for a token that cannot come.
double finite(double logprob) { return std::isfinite(logprob) ? logprob : -9999.0; }

json::Value number_or_null(const std::optional<double>& value) { return value ? json::Value(finite(*value)) : json::Value(nullptr); }

/// Tokens that end inside a character can print alike; the best of them stands, so that the maximum is always there.
json::Object top_map(const model::TokenLogprob& token) {
  json::Object out;
  const auto put = [&out](const std::string& text, double logprob) {
    const std::string key = token_text(text);
    const auto* known = out.if_contains(key);
    if (!known || known->as_double() < finite(logprob)) out[key] = finite(logprob);
  };
  for (const auto& [id, text, logprob] : token.top) put(text, logprob);
  if (token.logprob) put(token.text, *token.logprob);
  return out;
}

std::size_t count_characters(const std::string& bytes) {
  std::size_t count = 0;
  for (const char c : bytes) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

json::Array byte_array(const std::string& bytes) {
  json::Array out;
  for (const char c : bytes) out.push_back(static_cast<unsigned char>(c));
  return out;
}

}  // namespace

std::string token_text(const std::string& bytes) {
  if (is_utf8(bytes)) return bytes;
  std::string out = "bytes:";
  for (const char c : bytes) out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  return out;
}

json::Object completion_logprobs(const std::vector<model::TokenLogprob>& tokens, int top_wanted, std::size_t& offset) {
  json::Array texts, values, tops, offsets;
  for (const model::TokenLogprob& token : tokens) {
    texts.push_back(json::Value(token_text(token.text)));
    values.push_back(number_or_null(token.logprob));
    tops.push_back(token.logprob && top_wanted > 0 ? json::Value(top_map(token)) : json::Value(nullptr));
    offsets.push_back(offset);
    offset += count_characters(token.text);
  }
  return json::Object{{"tokens", std::move(texts)},
                      {"token_logprobs", std::move(values)},
                      {"top_logprobs", top_wanted > 0 ? json::Value(std::move(tops)) : json::Value(nullptr)},
                      {"text_offset", std::move(offsets)}};
}

json::Object chat_logprobs(const std::vector<model::TokenLogprob>& tokens) {
  json::Array content;
  for (const model::TokenLogprob& token : tokens) {
    json::Array top;
    for (const auto& [id, text, logprob] : token.top)
      top.push_back(json::Object{{"token", token_text(text)}, {"logprob", finite(logprob)}, {"bytes", byte_array(text)}});
    content.push_back(json::Object{{"token", token_text(token.text)},
                                   {"logprob", number_or_null(token.logprob)},
                                   {"bytes", byte_array(token.text)},
                                   {"top_logprobs", std::move(top)}});
  }
  return json::Object{{"content", std::move(content)}, {"refusal", nullptr}};
}

}  // namespace steward::gateway
