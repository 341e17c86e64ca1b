#include <random>

#include "steward/gateway/testing/gateway_fixture.h"
#include "steward/gateway/turn_input.h"

namespace steward::gateway {
namespace {

using net::testing::Answer;

constexpr char kTools[] =
    R"(, "tools": [{"type": "function", "function": {"name": "send_mail", "description": "Sends a mail", "parameters": {"type": "object", "properties": {"to": {"type": "string"}}}}}])";

class Tools : public testing::GatewayTest {
 protected:
  void calls(const std::string& arguments, const std::string& name = "send_mail") {
    script_ = {{}, {}, {}, false, {{"call_1", name, arguments}}};
  }
  static json::Object choice_of(const Answer& answer) { return parse(answer).at("choices").as_array()[0].as_object(); }
  static std::string arguments_of(const Answer& answer) {
    return std::string(choice_of(answer).at("message").at("tool_calls").as_array()[0].at("function").at("arguments").as_string());
  }
};

TEST_F(Tools, AreGivenToTheModelAndItsCallsToTheClient) {
  calls(R"({"to": "ann"})");
  const Answer answer = chat("write to ann", std::string(kTools) + R"(, "tool_choice": "required", "parallel_tool_calls": false)");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const model::GenerateRequest seen = model_->last_request();
  ASSERT_EQ(seen.tools.size(), 1u);
  EXPECT_EQ(seen.tools[0].name, "send_mail");
  EXPECT_EQ(seen.tools[0].parameters.at("type").as_string(), "object");
  EXPECT_EQ(seen.tool_choice.kind, model::ToolChoice::Kind::kRequired);
  EXPECT_FALSE(seen.parallel_tool_calls);
  const json::Object choice = choice_of(answer);
  EXPECT_EQ(choice.at("finish_reason").as_string(), "tool_calls");
  EXPECT_TRUE(choice.at("message").at("content").is_null());
  const json::Value& call = choice.at("message").at("tool_calls").as_array().at(0);
  EXPECT_EQ(call.at("id").as_string(), "call_1");
  EXPECT_EQ(call.at("type").as_string(), "function");
  EXPECT_EQ(arguments_of(answer), R"({"to": "ann"})");
}

TEST_F(Tools, CallsStreamInOpenAisShape) {
  script_ = {{"I will ", "write."}, {}, {}, false, {{"call_1", "send_mail", "{}"}, {"call_2", "send_mail", "{\"to\": \"bob\"}"}}};
  const auto list = events(chat("hi", std::string(kTools) + R"(, "stream": true)"));
  json::Array seen;
  std::string finish;
  for (const json::Value& event : list) {
    if (!event.is_object()) continue;
    for (const json::Value& choice : event.at("choices").as_array()) {
      if (const auto* found = choice.at("delta").as_object().if_contains("tool_calls"))
        for (const json::Value& call : found->as_array()) seen.push_back(call);
      if (choice.at("finish_reason").is_string()) finish = std::string(choice.at("finish_reason").as_string());
    }
  }
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].at("index").as_int64(), 0);
  EXPECT_EQ(seen[1].at("index").as_int64(), 1);
  EXPECT_EQ(seen[1].at("function").at("arguments").as_string(), "{\"to\": \"bob\"}");
  EXPECT_EQ(finish, "tool_calls");
  EXPECT_EQ(list.back(), json::Value("[DONE]"));
}

TEST_F(Tools, ArgumentsAreRewrittenAndStayJson) {
  calls(R"({"to": "the secret one"})");
  EXPECT_EQ(arguments_of(chat("hi", kTools)), R"({"to": "the [S] one"})");
  calls("{\"to\": \"\\u0073ecret\"}");
  EXPECT_EQ(arguments_of(chat("hi", kTools)), R"({"to": "[S]"})") << "escapes hide nothing";
}

TEST_F(Tools, ABlockedArgumentWithholdsEveryCall) {
  for (const char* stream : {"false", "true"}) {
    script_ = {{"Well. "}, {}, {}, false, {{"call_1", "send_mail", "{}"}, {"call_2", "send_mail", "{\"to\": \"\\u0066orbidden\"}"}}};
    const Answer answer = chat("hi", std::string(kTools) + ", \"stream\": " + stream);
    EXPECT_EQ(answer.body.find("tool_calls"), std::string::npos) << answer.body;
    EXPECT_EQ(answer.body.find("orbidden"), std::string::npos);
    EXPECT_NE(answer.body.find("\"content_filter\""), std::string::npos);
    EXPECT_NE(answer.body.find("\"blocked_output\""), std::string::npos);
  }
}

TEST_F(Tools, AnAtRiskArgumentGetsSupport) {
  calls(R"({"to": "danger"})");
  const json::Object choice = choice_of(chat("hi", kTools));
  EXPECT_EQ(choice.at("finish_reason").as_string(), "stop");
  EXPECT_EQ(choice.at("message").at("content").as_string(), "You are not alone.");
  EXPECT_FALSE(choice.at("message").as_object().contains("tool_calls"));
}

TEST_F(Tools, ResultsAndEarlierCallsPassTheGuard) {
  const auto send = [&](const std::string& result, const std::string& arguments) {
    const std::string body =
        R"({"model": "m", "messages": [{"role": "user", "content": "look it up"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": )" +
        json::dump(json::Value(arguments)) + R"(}}]}, {"role": "tool", "tool_call_id": "c1", "content": ")" + result + R"("}]})";
    return post("/v1/chat/completions", body);
  };
  ASSERT_EQ(send("a secret result", R"({"q": "\u0073ecret"})").status, 200);
  const auto messages = std::get<std::vector<model::ChatMessage>>(model_->last_request().prompt);
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_EQ(messages[1].tool_calls.at(0).id, "c1");
  EXPECT_EQ(messages[1].tool_calls.at(0).arguments, R"({"q": "secret"})") << "the assistant's own words, in the form that was scanned";
  EXPECT_EQ(messages[2].content, "a [S] result");
  EXPECT_EQ(messages[2].tool_call_id, "c1");
  const Answer blocked = send("a forbidden result", "{}");
  EXPECT_EQ(choice_of(blocked).at("finish_reason").as_string(), "content_filter");
  EXPECT_EQ(parse(blocked).at("steward").at("state").as_string(), "blocked_input");
}

TEST_F(Tools, AResultThatWasRefusedLeavesItsPlaceInTheHistory) {
  const std::string history =
      R"({"model": "m", "messages": [{"role": "user", "content": "look"}, {"role": "assistant", "content": "", "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}]}, {"role": "tool", "tool_call_id": "c1", "content": "forbidden"})";
  ASSERT_EQ(choice_of(post("/v1/chat/completions", history + "]}")).at("finish_reason").as_string(), "content_filter");
  const Answer next = post("/v1/chat/completions",
                           history + R"(, {"role": "assistant", "content": "I cannot."}, {"role": "user", "content": "another one"}]})");
  ASSERT_EQ(choice_of(next).at("finish_reason").as_string(), "stop") << next.body;
  const auto messages = std::get<std::vector<model::ChatMessage>>(model_->last_request().prompt);
  ASSERT_EQ(messages.size(), 5u);
  EXPECT_EQ(messages[2].content, "[removed]");
}

TEST_F(Tools, FunctionsAreJudgedByFiltersThatReadTheApplicationsText) {
  const std::string named =
      R"(, "tools": [{"type": "function", "function": {"name": "f", "description": "a secret", "parameters": {"type": "object"}}}])";
  EXPECT_EQ(chat("hi", named).status, 200);
  EXPECT_EQ(model_->last_request().tools[0].description, "a secret") << "this filter reads users and tools only";
  policy_->filter_specs[0].roles.push_back("system");
  set_guard();
  EXPECT_EQ(chat("hi", named).status, 200);
  EXPECT_EQ(model_->last_request().tools[0].description, "a [S]");
  EXPECT_EQ(model_->last_request().tools[0].parameters.at("type").as_string(), "object");
  const Answer blocked = chat("hi", std::string(kTools).replace(std::string(kTools).find("Sends"), 5, "forbidden"));
  EXPECT_EQ(choice_of(blocked).at("finish_reason").as_string(), "content_filter");
}

TEST_F(Tools, NamesOfMessagesAreScannedToo) {
  const Answer answer =
      post("/v1/chat/completions", R"({"model": "m", "messages": [{"role": "user", "name": "forbidden", "content": "hi"}]})");
  EXPECT_EQ(choice_of(answer).at("finish_reason").as_string(), "content_filter");
}

TEST_F(Tools, WhatCannotBeAFunctionOfTheModelFails) {
  calls("{}", "not a name");
  expect_error(chat("hi", kTools), 503);
  const auto stored = wait_for("turn_closed");
  EXPECT_EQ(stored.event.meta.at("state").as_string(), "failed");
}

TEST_F(Tools, AreInTheLedger) {
  calls(R"({"to": "secret"})");
  const Answer answer = chat("hi", kTools);
  const std::string turn(parse(answer).at("steward").at("turn").as_string());
  EXPECT_EQ(kinds(turn), "turn_opened decision model_output decision decision turn_closed");
  const auto found = turn_events(turn);
  EXPECT_NE(found[0].event.text->find("send_mail"), std::string::npos);
  const auto output = json::parse(*found[2].event.text).value();
  EXPECT_EQ(output.at("tool_calls").as_array()[0].at("arguments").as_string(), R"({"to": "secret"})");
  EXPECT_EQ(output.at("sent_tool_calls").as_array()[0].at("arguments").as_string(), R"({"to": "[S]"})");
}

TEST_F(Tools, MalformedOnesAreRefusedByName) {
  const auto refused = [&](const std::string& more, const std::string& param) { expect_error(chat("hi", more), 400, param); };
  refused(R"(, "tools": [{"type": "web_search"}])", "tools[0].type");
  refused(R"(, "tools": [{"type": "function"}])", "tools[0].function");
  refused(R"(, "tools": [{"type": "function", "function": {"name": "a b"}}])", "tools[0].function.name");
  refused(R"(, "tools": [{"type": "function", "function": {"name": "a", "parameters": 1}}])", "parameters");
  refused(R"(, "functions": [{"name": "a"}])", "functions");
  refused(R"(, "tool_choice": "required")", "tool_choice");
  refused(std::string(kTools) + R"(, "tool_choice": {"type": "function", "function": {"name": "other"}})", "tool_choice");
  refused(std::string(kTools) + R"(, "tool_choice": "maybe")", "tool_choice");
  const auto message = [&](const std::string& json) {
    return post("/v1/chat/completions", R"({"model": "m", "messages": [)" + json + "]}");
  };
  expect_error(message(R"({"role": "user", "content": "x", "tool_calls": [{"id": "1", "function": {"name": "f"}}]})"), 400,
               "messages[0].tool_calls");
  expect_error(message(R"({"role": "assistant", "tool_calls": [{"id": "", "function": {"name": "f"}}]})"), 400,
               "messages[0].tool_calls[0].id");
  expect_error(message(R"({"role": "tool", "tool_call_id": "a b", "content": "x"})"), 400, "messages[0].tool_call_id");
}

TEST_F(Tools, JsonFormsReachTheModelAndRewritesFitThem) {
  says({"{\"a\": \"", "secret", "\"}"});
  const Answer answer = chat(
      "hi", R"(, "response_format": {"type": "json_schema", "json_schema": {"name": "x", "strict": true, "schema": {"type": "object"}}})");
  EXPECT_EQ(choice_of(answer).at("message").at("content").as_string(), "{\"a\": \"[S]\"}");
  const model::ResponseFormat seen = model_->last_request().format;
  EXPECT_EQ(seen.kind, model::ResponseFormat::Kind::kJsonSchema);
  EXPECT_EQ(seen.schema.at("type").as_string(), "object");
  EXPECT_TRUE(seen.strict);
  EXPECT_EQ(chat("hi", R"(, "response_format": {"type": "json_object"})").status, 200);
  EXPECT_EQ(model_->last_request().format.kind, model::ResponseFormat::Kind::kJsonObject);
  expect_error(chat("hi", R"(, "response_format": {"type": "xml"})"), 400, "response_format");
  expect_error(chat("hi", R"(, "response_format": {"type": "json_schema", "json_schema": {"name": "x"}})"), 400, "response_format");
}

TEST(UnescapedJson, KeepsTheValueAndShowsTheCharacters) {
  EXPECT_EQ(unescaped_json(R"({"a": "\u0073\u00e9\ud83d\ude00"})"), "{\"a\": \"sé😀\"}");
  for (const char* kept : {R"("\u0022")", R"("\u005c")", R"("\u000a")", R"("\ud83d")", R"("\\u0073")", R"("\u00")", "\\", R"("\n\"")"})
    EXPECT_EQ(unescaped_json(kept), kept);
  std::mt19937 random(5);
  for (int round = 0; round < 500; ++round) {
    std::string text;
    for (int i = 0; i < 12; ++i) {
      static constexpr const char* kPieces[] = {"\\u0041", "\\\\", "\\\"", "\\ud83d\\ude00", "x", "\\u001f", "é", "\\n", "\\u0022"};
      text += kPieces[random() % std::size(kPieces)];
    }
    const std::string quoted = "\"" + text + "\"";
    EXPECT_EQ(json::parse(unescaped_json(quoted)).value(), json::parse(quoted).value());
  }
}

}  // namespace
}  // namespace steward::gateway
