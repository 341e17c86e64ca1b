// The body of an upstream's reply, a stream of events or a whole one: however it is cut, the same text, in whole characters, and the same
// end.
#include <algorithm>
#include <cstdint>
#include <string>

#include "steward/core/check.h"
#include "steward/core/utf8.h"
#include "steward/model/remote/reply_stream.h"

namespace {

using namespace steward;

std::string read_all(std::string_view bytes, std::size_t step, const model::ReplyStream::Expected& expected) {
  std::string text;
  model::Sink sink;
  sink.on_delta = [&](std::string_view delta, const std::vector<model::TokenLogprob>& tokens) {
    STEWARD_CHECK(!find_invalid_utf8(delta));
    text += delta;
    for (const auto& token : tokens) text += "<" + token.text + ">";
  };
  sink.on_prompt = [&](const std::vector<model::TokenLogprob>& prompt) { text += "prompt " + std::to_string(prompt.size()) + "\n"; };
  sink.on_tool_call = [&](const model::ToolCall& call) {
    STEWARD_CHECK(!call.name.empty() && !call.id.empty() && !find_invalid_utf8(call.arguments));
    text += "call " + call.id + call.name + call.arguments + "\n";
  };
  model::ReplyStream stream(expected);
  for (std::size_t at = 0; at < bytes.size(); at += step)
    if (auto fed = stream.feed(bytes.substr(at, step), sink); !fed) return text + "failed: " + fed.error().message;
  const auto reason = stream.finish(sink);
  return text + (reason ? "ended" : "failed: " + reason.error().message);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > 8192) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  model::ReplyStream::Expected expected;
  expected.is_events = (data[0] & 1) != 0;
  expected.is_chat = (data[0] & 2) != 0;
  expected.logprobs = (data[0] & 4) != 0;
  expected.echo = (data[0] & 8) != 0 && !expected.is_chat && !expected.is_events;
  expected.prompt_is_text = (data[0] & 16) != 0;
  expected.prompt = "A";
  const std::string whole = read_all(bytes, size, expected);
  for (const std::size_t step : {std::size_t{1}, std::size_t{5}}) STEWARD_CHECK(read_all(bytes, step, expected) == whole);
  return 0;
}
