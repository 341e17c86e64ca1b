#include "steward/gateway/sampling_fields.h"

#include <charconv>
#include <limits>

#include <fmt/format.h>

namespace steward::gateway {
namespace {

constexpr int kLogprobsMax = 20;
constexpr std::size_t kStopsMax = 64;
constexpr std::size_t kStopBytesMax = 1024;

tl::unexpected<Error> invalid(std::string_view param, std::string message) {
  return fail(ErrorCode::kInvalidInput, std::move(message), std::string(param));
}

struct Range {
  double low = 0;
  double high = 0;
};

Result<void> read_number(const json::Object& body, std::string_view field, Range range, double& out) {
  const auto value = TRY(json::get_number(body, field));
  if (!value) return {};
  if (!(*value >= range.low && *value <= range.high))
    return invalid(field, fmt::format("'{}' must be between {} and {}", field, range.low, range.high));
  out = *value;
  return {};
}

Result<void> read_count(const json::Object& body, std::string_view field, Range range, int& out) {
  const auto value = TRY(json::get_integer(body, field));
  if (!value) return {};
  if (*value < static_cast<std::int64_t>(range.low) || *value > static_cast<std::int64_t>(range.high))
    return invalid(field, fmt::format("'{}' must be between {} and {}", field, range.low, range.high));
  out = static_cast<int>(*value);
  return {};
}

Result<void> add_stop(const json::Value& value, std::vector<std::string>& out) {
  const auto* text = value.if_string();
  if (!text) return invalid("stop", "'stop' must be a string or an array of strings");
  if (text->size() > kStopBytesMax) return invalid("stop", "a stop string is over 1024 bytes");
  if (!text->empty()) out.emplace_back(text->data(), text->size());
  return {};
}

Result<void> read_stop(const json::Object& body, model::Sampling& sampling) {
  const json::Value* stop = body.if_contains("stop");
  if (!stop || stop->is_null()) return {};
  const auto* list = stop->if_array();
  if (!list) return add_stop(*stop, sampling.stop);
  if (list->size() > kStopsMax) return invalid("stop", "'stop' holds more than 64 strings");
  for (const json::Value& item : *list) TRY(add_stop(item, sampling.stop));
  return {};
}

Result<void> read_logit_bias(const json::Object& body, model::Sampling& sampling) {
  const json::Object* bias = TRY(json::get_object(body, "logit_bias"));
  if (!bias) return {};
  if (bias->size() > 4096) return invalid("logit_bias", "'logit_bias' holds more than 4096 tokens");
  for (const auto& member : *bias) {
    model::Token token = 0;
    const auto key = member.key();
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), token);
    const auto value = json::get_number(*bias, key);
    if (error != std::errc() || end != key.data() + key.size() || token < 0 || !value || !*value || **value < -100 || **value > 100)
      return invalid("logit_bias", "'logit_bias' must map token ids to numbers between -100 and 100");
    sampling.logit_bias.emplace_back(token, static_cast<float>(**value));
  }
  return {};
}

}  // namespace

Result<model::Sampling> read_sampling(const json::Object& body, const model::Sampling& defaults) {
  model::Sampling sampling = defaults;
  TRY(read_number(body, "temperature", {0, 2}, sampling.temperature));
  TRY(read_number(body, "top_p", {0, 1}, sampling.top_p));
  TRY(read_number(body, "min_p", {0, 1}, sampling.min_p));
  TRY(read_number(body, "presence_penalty", {-2, 2}, sampling.presence_penalty));
  TRY(read_number(body, "frequency_penalty", {-2, 2}, sampling.frequency_penalty));
  TRY(read_count(body, "top_k", {0, 1'000'000}, sampling.top_k));
  const double tokens_max = std::numeric_limits<int>::max();
  TRY(read_count(body, "max_tokens", {0, tokens_max}, sampling.max_tokens));
  TRY(read_count(body, "max_completion_tokens", {0, tokens_max}, sampling.max_tokens));
  if (const auto seed = TRY(json::get_integer(body, "seed"))) sampling.seed = static_cast<std::uint64_t>(*seed);
  TRY(read_stop(body, sampling));
  TRY(read_logit_bias(body, sampling));
  return sampling;
}

Result<void> read_chat_logprobs(const json::Object& body, model::Sampling& sampling) {
  if (sampling.max_tokens == 0) return invalid("max_tokens", "'max_tokens' must be at least 1");
  sampling.want_logprobs = TRY(json::get_bool(body, "logprobs")).value_or(false);
  int top = 0;
  TRY(read_count(body, "top_logprobs", {0, kLogprobsMax}, top));
  if (top > 0 && !sampling.want_logprobs) return invalid("top_logprobs", "'top_logprobs' needs 'logprobs': true");
  sampling.logprobs = top;
  return {};
}

Result<void> read_completion_logprobs(const json::Object& body, model::Sampling& sampling) {
  const json::Value* given = body.if_contains("logprobs");
  if (given && given->is_bool()) {
    if (given->as_bool()) return invalid("logprobs", "'logprobs' of a completion is a number: how many alternatives to give");
  } else {
    int count = -1;
    TRY(read_count(body, "logprobs", {0, kLogprobsMax}, count));
    sampling.want_logprobs = count >= 0;
    sampling.logprobs = std::max(0, count);
  }
  sampling.echo = TRY(json::get_bool(body, "echo")).value_or(false);
  if (sampling.max_tokens < 0) sampling.max_tokens = 16;  // OpenAI's default for completions
  if (sampling.max_tokens == 0 && !sampling.echo)
    return invalid("max_tokens", "'max_tokens' must be at least 1 unless 'echo' is asked for");
  return {};
}

}  // namespace steward::gateway
