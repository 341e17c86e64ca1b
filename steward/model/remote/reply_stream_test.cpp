#include "steward/model/remote/reply_stream.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "steward/core/utf8.h"
#include "steward/model/remote/request_body.h"

namespace steward::model {
namespace {

std::vector<std::string> events_in(std::string_view bytes, std::size_t step) {
  SseReader reader(1000);
  std::vector<std::string> out;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    reader.push(bytes.substr(at, step));
    while (const auto event = reader.next()) out.push_back(std::string(event->name) + "|" + std::string(event->data));
  }
  return out;
}

TEST(Sse, ReadsEventsOverAllBorders) {
  const struct {
    std::string bytes;
    std::vector<std::string> events;
  } kCases[] = {
      {"data: a\n\ndata: b\n\n", {"|a", "|b"}},
      {"data: a\r\n\r\ndata: b\r\n\r\n", {"|a", "|b"}},
      {"data: a\r\rdata: b\r\r", {"|a", "|b"}},
      {": a comment\ndata: a\n\n:\n\n", {"|a"}},
      {"data: one\ndata: two\ndata:\n\n", {"|one\ntwo\n"}},
      {"event: error\ndata: x\nid: 7\nretry: 9\n\ndata: y\n\n", {"error|x", "|y"}},
      {"event: alone\n\ndata: y\n\n", {"|y"}},
      {"data:no space\n\ndata:  two\n\n", {"|no space", "| two"}},
      {"data\n\n", {"|"}},
      {"\xEF\xBB\xBF"
       "data: a\n\n",
       {"|a"}},
      {"\xEF\xBBx\n\ndata: a\n\n", {"|a"}},
      {"data: not ended\n", {}},
      {"\n\n\n", {}},
  };
  for (const auto& [bytes, events] : kCases)
    for (std::size_t step = 1; step <= bytes.size(); ++step) EXPECT_EQ(events_in(bytes, step), events) << bytes << " by " << step;
}

TEST(Sse, AnEndlessEventIsGivenUp) {
  SseReader one_line(100), many_lines(100);
  one_line.push("data: " + std::string(200, 'x'));
  EXPECT_FALSE(one_line.next());
  EXPECT_TRUE(one_line.too_long());
  for (int i = 0; i < 50; ++i) many_lines.push("data: xxxxxxxx\n");
  EXPECT_FALSE(many_lines.next());
  EXPECT_TRUE(many_lines.too_long());
}

/// What a sink got.
struct Got {
  std::string text;
  std::vector<std::string> deltas;
  std::vector<TokenLogprob> tokens, prompt;
  std::vector<ToolCall> calls;
  Result<FinishReason> reason = FinishReason::kCancelled;
  Usage usage;
};

Got read_stream(ReplyStream::Expected expected, std::string_view bytes, std::size_t step = std::string::npos) {
  Got got;
  Sink sink;
  sink.on_delta = [&](std::string_view text, std::vector<TokenLogprob> tokens) {
    EXPECT_FALSE(find_invalid_utf8(text)) << "whole characters only";
    got.text += text;
    got.deltas.emplace_back(text);
    got.tokens.insert(got.tokens.end(), tokens.begin(), tokens.end());
  };
  sink.on_prompt = [&](std::vector<TokenLogprob> prompt) { got.prompt = std::move(prompt); };
  sink.on_tool_call = [&](ToolCall call) { got.calls.push_back(std::move(call)); };
  ReplyStream stream(std::move(expected));
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t size = std::min(step, bytes.size() - at);
    if (auto fed = stream.feed(bytes.substr(at, size), sink); !fed) {
      got.reason = tl::unexpected(fed.error());
      return got;
    }
    at += size;
  }
  got.reason = stream.finish(sink);
  got.usage = stream.usage();
  return got;
}

ReplyStream::Expected events() {
  ReplyStream::Expected out;
  out.is_events = true;
  return out;
}

std::string delta(const std::string& content, const std::string& finish = "null") {
  return R"(data: {"choices":[{"index":0,"delta":{"content":")" + content + R"("},"finish_reason":)" + finish + "}]}\n\n";
}

constexpr char kDone[] = "data: [DONE]\n\n";

TEST(ReplyStream, GivesTheTextOfAStream) {
  const std::string bytes =
      ": hello\n\n" + delta("") + delta("Hel") + delta("lo") + delta("", "\"stop\"") +
      "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2,\"prompt_tokens_details\":{\"cached_tokens\":3}}}\n\n" +
      kDone + "data: after the end\n\n";
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, bytes.size()}) {
    const Got got = read_stream(events(), bytes, step);
    ASSERT_TRUE(got.reason) << got.reason.error().message;
    EXPECT_EQ(*got.reason, FinishReason::kStop);
    EXPECT_EQ(got.deltas, (std::vector<std::string>{"Hel", "lo"}));
    EXPECT_EQ(got.usage.prompt_tokens, 7);
    EXPECT_EQ(got.usage.cached_tokens, 3);
    EXPECT_EQ(got.usage.completion_tokens, 2);
  }
}

TEST(ReplyStream, KnowsTheFinishReasons) {
  const std::pair<const char*, FinishReason> kReasons[] = {{"stop", FinishReason::kStop},
                                                           {"length", FinishReason::kLength},
                                                           {"tool_calls", FinishReason::kToolCalls},
                                                           {"content_filter", FinishReason::kContentFilter}};
  for (const auto& [word, reason] : kReasons) {
    const Got got = read_stream(events(), delta("a", "\"" + std::string(word) + "\"") + kDone);
    ASSERT_TRUE(got.reason) << word;
    EXPECT_EQ(*got.reason, reason);
  }
}

TEST(ReplyStream, WhatIsNotWholeNeverLooksComplete) {
  const std::string kBad[] = {
      "",
      delta("a"),
      delta("a", "\"stop\""),
      delta("a") + kDone,
      delta("a", "\"abort\"") + kDone,
      delta("a") + "data: {\"choices\":[{\"ind\n\n" + kDone,
      delta("a") + "data: []\n\n" + kDone,
      delta("a") + "data: {}\n\n" + kDone,
      delta("a") + "data: {\"choices\":{}}\n\n" + kDone,
      delta("a") + "data: {\"choices\":[{\"delta\":{\"content\":5},\"finish_reason\":\"stop\"}]}\n\n" + kDone,
      delta("a") + "data: {\"choices\":[{\"delta\":{\"tool_calls\":[7]}}]}\n\n" + delta("", "\"stop\"") + kDone,
      delta("a") + "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{}\"}}]}}]}\n\n" +
          delta("", "\"stop\"") + kDone,
      delta("a") + "data: {\"error\":{\"message\":\"m\",\"code\":\"oops\"}}\n\n" + delta("", "\"stop\"") + kDone,
      delta("a") + "event: error\ndata: {\"choices\":[]}\n\n" + delta("", "\"stop\"") + kDone,
      delta("a") + "data: {\"object\":\"error\",\"message\":\"m\"}\n\n" + delta("", "\"stop\"") + kDone,
  };
  for (const std::string& bytes : kBad) {
    const Got got = read_stream(events(), bytes);
    ASSERT_FALSE(got.reason) << bytes;
    EXPECT_EQ(got.reason.error().code, ErrorCode::kUnavailable) << bytes;
  }
}

TEST(ReplyStream, AnErrorKeepsItsCodeAndNothingElse) {
  const Got known =
      read_stream(events(), "data: {\"error\":{\"message\":\"you wrote: s3cret\",\"type\":\"server_error\",\"code\":\"engine_dead\"}}\n\n");
  EXPECT_NE(known.reason.error().message.find("engine_dead"), std::string::npos);
  EXPECT_EQ(known.reason.error().message.find("s3cret"), std::string::npos);
  const Got quoting = read_stream(events(), "data: {\"error\":{\"code\":\"you wrote s3cret\"}}\n\n");
  EXPECT_EQ(quoting.reason.error().message.find("s3cret"), std::string::npos);
  const Got context = read_stream(events(), "data: {\"error\":{\"code\":\"context_length_exceeded\"}}\n\n");
  EXPECT_EQ(context.reason.error().param, "context_length_exceeded");
}

/// A character may be cut between two deltas: half of it is held.
TEST(ReplyStream, CharactersAreGivenWhole) {
  const std::string text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const Got got = read_stream(events(), delta(text.substr(0, cut)) + delta(text.substr(cut)) + delta("", "\"stop\"") + kDone);
    ASSERT_TRUE(got.reason);
    EXPECT_EQ(got.text, text);
  }
  EXPECT_EQ(read_stream(events(), delta("a\xE2\x82") + delta("", "\"stop\"") + kDone).text, "a\xEF\xBF\xBD")
      << "half a character at the end";
  EXPECT_EQ(read_stream(events(), delta("\xFFz") + delta("", "\"stop\"") + kDone).text, "\xEF\xBF\xBDz");
}

TEST(ReplyStream, FunctionCallsArePutTogether) {
  const std::string bytes =
      delta("I look. ") +
      R"(data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"find","arguments":""}}]}}]})"
      "\n\n"
      R"(data: {"choices":[{"delta":{"tool_calls":[{"index":1,"id":"c2","function":{"name":"ask","arguments":"{}"}},{"index":0,"function":{"arguments":"{\"a\""}}]}}]})"
      "\n\n"
      R"(data: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]}}]})"
      "\n\n" +
      delta("", "\"tool_calls\"") + kDone;
  for (const std::size_t step : {std::size_t{1}, bytes.size()}) {
    const Got got = read_stream(events(), bytes, step);
    ASSERT_TRUE(got.reason) << got.reason.error().message;
    EXPECT_EQ(*got.reason, FinishReason::kToolCalls);
    EXPECT_EQ(got.text, "I look. ");
    ASSERT_EQ(got.calls.size(), 2u);
    EXPECT_EQ(got.calls[0].id, "c1");
    EXPECT_EQ(got.calls[0].name, "find");
    EXPECT_EQ(got.calls[0].arguments, "{\"a\":1}");
    EXPECT_EQ(got.calls[1].name, "ask");
  }
}

TEST(ReplyStream, ReadsAWholeChat) {
  const Got got = read_stream({}, R"({"choices":[{"index":0,"message":{"role":"assistant","content":"Hi","tool_calls":[
      {"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls",
      "logprobs":null}],"usage":{"prompt_tokens":1,"completion_tokens":2}})",
                              3);
  ASSERT_TRUE(got.reason) << got.reason.error().message;
  EXPECT_EQ(got.text, "Hi");
  EXPECT_EQ(got.calls.at(0).name, "f");
  EXPECT_EQ(got.usage.completion_tokens, 2);
  EXPECT_EQ(read_stream({}, R"({"choices":[{"message":{"content":null,"refusal":"No."},"finish_reason":"stop"}]})").text, "No.");
  for (const char* bad :
       {"", "{", "[]", "{}", "null", R"({"choices":[]})", R"({"choices":[{"message":{"content":"a"}}]})", "<html>", R"({"choices":[]} x)"})
    EXPECT_FALSE(read_stream({}, bad).reason) << bad;
}

TEST(ReplyStream, LogprobsOfAChat) {
  ReplyStream::Expected expected;
  expected.logprobs = true;
  const Got got = read_stream(expected, R"({"choices":[{"message":{"content":"Hi"},"finish_reason":"stop","logprobs":{"content":[
      {"token":"H","logprob":-0.5,"bytes":[72],"top_logprobs":[{"token":"H","logprob":-0.5,"bytes":[72]},{"token":"?","logprob":-2,"bytes":[195]}]},
      {"token":"i","logprob":-1,"bytes":null,"top_logprobs":[]}]}}]})");
  ASSERT_TRUE(got.reason) << got.reason.error().message;
  ASSERT_EQ(got.tokens.size(), 2u);
  EXPECT_EQ(got.tokens[0].logprob, -0.5);
  EXPECT_EQ(std::get<1>(got.tokens[0].top[1]), "\xC3") << "the bytes, not their picture";
  EXPECT_EQ(got.tokens[1].text, "i");
  const Got missing = read_stream(expected, R"({"choices":[{"message":{"content":"Hi"},"finish_reason":"stop"}]})");
  ASSERT_FALSE(missing.reason);
  EXPECT_EQ(missing.reason.error().param, "logprobs");
}

ReplyStream::Expected echo_of(const std::string& prompt) {
  ReplyStream::Expected out;
  out.is_chat = false;
  out.echo = out.logprobs = true;
  out.prompt = prompt;
  return out;
}

TEST(ReplyStream, AnEchoIsSplitFromWhatTheModelWrote) {
  const std::string reply = R"({"choices":[{"text":"A cat sat","finish_reason":"length","logprobs":{"tokens":["A"," cat"," sat"],
      "token_logprobs":[null,-1.5,-2.5],"top_logprobs":[null,{" dog":-1," cat":-1.5},{" sat":-2.5}],"text_offset":[0,1,5]}}])";
  const std::string usage = R"(,"usage":{"prompt_tokens":2,"completion_tokens":1}})";
  for (const std::string& whole : {reply + usage, reply + "}"}) {
    const Got got = read_stream(echo_of("A cat"), whole);
    ASSERT_TRUE(got.reason) << got.reason.error().message;
    ASSERT_EQ(got.prompt.size(), 2u);
    EXPECT_FALSE(got.prompt[0].logprob);
    EXPECT_EQ(got.prompt[1].logprob, -1.5);
    EXPECT_EQ(std::get<1>(got.prompt[1].top[0]), " dog") << "best first";
    EXPECT_EQ(got.text, " sat");
    ASSERT_EQ(got.tokens.size(), 1u);
    EXPECT_EQ(got.tokens[0].text, " sat");
  }
  ReplyStream::Expected tokens = echo_of("");
  tokens.prompt_is_text = false;
  EXPECT_EQ(read_stream(tokens, reply + usage).text, " sat");
  EXPECT_FALSE(read_stream(tokens, reply + "}").reason) << "nothing says where the prompt ends";
  EXPECT_EQ(read_stream(echo_of("Another"), reply + usage).reason.error().param, "echo");
  EXPECT_EQ(read_stream(echo_of("A"), R"({"choices":[{"text":"A b","finish_reason":"stop"}]})").reason.error().param, "logprobs");
}

TEST(ReplyStream, IgnoresHowTheBytesAreCut) {
  EXPECT_TRUE(rc::check([](const std::vector<std::string>& texts) {
    std::string bytes;
    for (const std::string& text : texts) {
      std::string safe;
      for (const char c : text) safe += c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20 ? '_' : c;
      bytes += delta(safe);
    }
    bytes += delta("", "\"stop\"") + kDone;
    const Got whole = read_stream(events(), bytes);
    const Got cut = read_stream(events(), bytes, *rc::gen::inRange<std::size_t>(1, 9));
    RC_ASSERT(whole.reason.has_value() && cut.reason.has_value());
    RC_ASSERT(whole.text == cut.text);
  }));
}

TEST(RequestBody, HoldsWhatWasGiven) {
  GenerateRequest request;
  ChatMessage user{"user", "a \"quote\"\n\x01 \xC3\xA9", "Jane Doe"};
  ChatMessage assistant{"assistant", "", ""};
  assistant.tool_calls.push_back({"c1", "find", "{\"a\":1}"});
  ChatMessage tool{"tool", "42", ""};
  tool.tool_call_id = "c1";
  request.prompt = std::vector<ChatMessage>{user, assistant, tool};
  request.sampling.seed = 5;
  request.sampling.max_tokens = 9;
  request.sampling.stop = {"\n"};
  request.sampling.logit_bias = {{7, -100.0f}};
  request.sampling.want_logprobs = true;
  request.sampling.logprobs = 2;
  request.tools.push_back({"find", "d", json::parse(R"({"type":"object"})").value(), true});
  request.tool_choice = {ToolChoice::Kind::kNamed, "find"};
  request.parallel_tool_calls = false;
  request.format = {ResponseFormat::Kind::kJsonSchema, "s", json::parse(R"({"type":"object"})").value(), true};
  const auto body = json::parse(request_body("big", request));
  ASSERT_TRUE(body) << body.error().message;
  EXPECT_EQ(
      json::dump(*body),
      R"({"model":"big","messages":[{"role":"user","name":"Jane Doe","content":"a \"quote\"\n\u0001 é"},)"
      R"({"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"find","arguments":"{\"a\":1}"}}]},)"
      R"({"role":"tool","content":"42","tool_call_id":"c1"}],"temperature":1,"top_p":1,"seed":5,"max_tokens":9,"stop":["\n"],)"
      R"("logit_bias":{"7":-100},"tools":[{"type":"function","function":{"name":"find","description":"d","parameters":{"type":"object"},"strict":true}}],)"
      R"("tool_choice":{"type":"function","function":{"name":"find"}},"parallel_tool_calls":false,)"
      R"("response_format":{"type":"json_schema","json_schema":{"name":"s","schema":{"type":"object"},"strict":true}},)"
      R"("logprobs":true,"top_logprobs":2,"stream":true,"stream_options":{"include_usage":true}})");
}

TEST(RequestBody, CompletionsOfTextAndTokens) {
  GenerateRequest request;
  request.prompt = std::vector<Token>{1, 2};
  request.stream = false;
  request.sampling.want_logprobs = request.sampling.echo = true;
  request.sampling.temperature = 0.25;
  EXPECT_EQ(request_body("m", request), R"({"model":"m","prompt":[1,2],"temperature":0.25,"top_p":1,"logprobs":0,"echo":true})");
  request.prompt = std::string("hi");
  request.sampling = {};
  EXPECT_EQ(request_body("m", request), R"({"model":"m","prompt":"hi","temperature":1,"top_p":1})");
}

TEST(RequestBody, EveryTextSurvives) {
  EXPECT_TRUE(rc::check([](std::string text) {
    if (find_invalid_utf8(text)) text = "plain";
    std::string out;
    append_json_string(out, text);
    RC_ASSERT(std::string(json::parse(out).value().as_string()) == text);
  }));
}

}  // namespace
}  // namespace steward::model
