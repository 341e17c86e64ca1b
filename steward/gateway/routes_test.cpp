#include "steward/gateway/routes.h"
#include "steward/gateway/testing/gateway_fixture.h"

namespace steward::gateway {
namespace {

using net::testing::Answer;
using net::testing::TestClient;

class Routes : public testing::GatewayTest {};

TEST_F(Routes, Completions) {
  const Answer answer = post("/v1/completions", R"({"model": "m", "prompt": ["one", "two"], "max_tokens": 2})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const json::Object body = parse(answer);
  EXPECT_EQ(body.at("object").as_string(), "text_completion");
  ASSERT_EQ(body.at("choices").as_array().size(), 2u);
  for (std::int64_t i = 0; i < 2; ++i) {
    const json::Value& choice = body.at("choices").as_array()[static_cast<std::size_t>(i)];
    EXPECT_EQ(choice.at("index").as_int64(), i);
    EXPECT_EQ(choice.at("text").as_string(), "Hello world");
    EXPECT_EQ(choice.at("finish_reason").as_string(), "length");
  }
  EXPECT_EQ(body.at("usage").at("completion_tokens").as_int64(), 4);
}

TEST_F(Routes, CompletionsAreGuardedAsTextEvenIfTheyComeAsTokens) {
  const Answer answer = post("/v1/completions", R"({"model": "m", "prompt": [115, 101, 99, 114, 101, 116]})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(model_->prompts(), std::vector<std::string>{"[S]"});
  EXPECT_EQ(parse(post("/v1/completions", R"({"model": "m", "prompt": "forbidden"})"))
                .at("choices")
                .as_array()[0]
                .at("finish_reason")
                .as_string(),
            "content_filter");
}

TEST_F(Routes, EchoedLogprobsOfRaw) {
  const Answer answer = post("/v1/completions", R"({"model": "m@raw", "prompt": "ab", "max_tokens": 1, "echo": true, "logprobs": 1})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const json::Object choice = parse(answer).at("choices").as_array()[0].as_object();
  EXPECT_EQ(choice.at("text").as_string(), "abHello");
  const json::Object& logprobs = choice.at("logprobs").as_object();
  ASSERT_EQ(logprobs.at("tokens").as_array().size(), 3u);
  EXPECT_TRUE(logprobs.at("token_logprobs").as_array()[0].is_null());
  EXPECT_EQ(logprobs.at("token_logprobs").as_array()[1].as_double(), -0.5);
  EXPECT_EQ(logprobs.at("text_offset").as_array()[2].to_number<int>(), 2);
  expect_error(post("/v1/completions", R"({"model": "m", "prompt": "ab", "echo": true})"), 400, "echo");
  for (const char* prompt : {"[]", "5", "[1, \"a\"]", "[-1]", "[[1], \"a\"]", "{}"})
    expect_error(post("/v1/completions", std::string(R"({"model": "m@raw", "prompt": )") + prompt + "}"), 400, "prompt");
}

TEST_F(Routes, ChatLogprobsOfRaw) {
  const Answer answer = post("/v1/chat/completions", chat_body("hi", R"(, "logprobs": true, "top_logprobs": 1)", "m@raw"));
  const json::Array content = parse(answer).at("choices").as_array()[0].at("logprobs").at("content").as_array();
  ASSERT_EQ(content.size(), 3u);
  EXPECT_EQ(content[0].at("token").as_string(), "Hello");
  EXPECT_EQ(content[0].at("top_logprobs").as_array().size(), 1u);
}

TEST_F(Routes, Moderations) {
  const json::Object body =
      parse(post("/v1/moderations", R"({"input": ["fine", "a forbidden thing"], "model": "omni-moderation-latest"})"));
  const json::Array& results = body.at("results").as_array();
  ASSERT_EQ(results.size(), 2u);
  EXPECT_FALSE(results[0].at("flagged").as_bool());
  EXPECT_TRUE(results[1].at("flagged").as_bool());
  EXPECT_TRUE(results[1].at("categories").at("violence").as_bool());
  EXPECT_FALSE(results[1].at("categories").at("hate").as_bool());
  EXPECT_EQ(results[1].at("category_scores").at("violence").to_number<double>(), 1.0);
  const json::Value& finding = results[1].at("steward").at("findings").as_array()[0];
  EXPECT_EQ(finding.at("span").as_array()[0].to_number<int>(), 2);
  EXPECT_EQ(finding.at("version").as_string(), "scripted/1");
  EXPECT_EQ(wait_for("decision").event.meta.at("surface").as_string(), "moderations");
  EXPECT_EQ(parse(post("/v1/moderations", R"({"input": "x", "direction": "output"})")).at("results").as_array().size(), 1u);
  expect_error(post("/v1/moderations", "{}"), 400, "input");
  expect_error(post("/v1/moderations", R"({"input": []})"), 400, "input");
  expect_error(post("/v1/moderations", R"({"input": "x", "direction": "sideways"})"), 400, "direction");
  expect_error(post("/v1/moderations", R"({"input": "x", "model": "m@raw"})"), 400, "model");
}

TEST_F(Routes, Models) {
  const json::Object body = parse(get("/v1/models"));
  std::set<std::string> ids;
  for (const json::Value& model : body.at("data").as_array()) ids.insert(std::string(model.at("id").as_string()));
  EXPECT_EQ(ids, (std::set<std::string>{"m", "m@default", "m@raw", "m@teen"}));
  EXPECT_EQ(parse(get("/v1/models/m@teen")).at("id").as_string(), "m@teen");
  expect_error(get("/v1/models/none"), 404, "model");
}

TEST_F(Routes, Tokens) {
  EXPECT_EQ(json::dump(parse(post("/tokenize", R"({"model": "m", "prompt": "ab"})")).at("tokens")), "[97,98]");
  EXPECT_EQ(parse(post("/detokenize", R"({"model": "m", "tokens": [97, 98]})")).at("prompt").as_string(), "ab");
  expect_error(post("/detokenize", R"({"model": "m", "tokens": ["a"]})"), 400, "tokens");
  EXPECT_TRUE(parse(get("/tokenizer_info")).contains("chat_template"));
}

TEST_F(Routes, ErasuresMakeTextsUnreadable) {
  says({"Hello ", "Ann"});
  const auto turn = [&](const std::string& user) {
    return std::string(parse(chat("I am " + user, ", \"user\": \"" + user + "\"")).at("steward").at("turn").as_string());
  };
  const std::string ann = turn("ann"), bob = turn("bob");
  const auto readable = [&](const std::string& id) {
    int count = 0;
    for (const auto& stored : turn_events(id)) count += stored.event.text.has_value() ? 1 : 0;
    return count;
  };
  ASSERT_GT(readable(ann), 0);
  const json::Object erased = parse(post("/v1/erasures", R"({"user": "ann", "reason": "asked for it"})"));
  EXPECT_EQ(erased.at("keys_destroyed").as_int64(), 1);
  EXPECT_EQ(readable(ann), 0);
  EXPECT_GT(readable(bob), 0);
  EXPECT_EQ(parse(post("/v1/erasures", R"({"user": "nobody"})")).at("keys_destroyed").as_int64(), 0);
  expect_error(post("/v1/erasures", "{}"), 400, "user");
  GatewayOptions given = options();
  given.access.keys.emplace_back().sha256 = hex(sha256("k1"));
  restart(given);
  expect_error(post("/v1/erasures", R"({"user": "ann"})", "Authorization: Bearer k1\r\n"), 403);
}

/// A turn that is under way while its user is erased writes no new text about them.
TEST_F(Routes, AnErasureHoldsForTurnsUnderWay) {
  script_ = {{"Well then. "}, {}, {}, true};
  TestClient first(server_->port());
  const std::string body = chat_body("hi", R"(, "user": "ann", "stream": true)");
  first.send("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
             std::to_string(body.size()) + "\r\n\r\n" + body);
  ASSERT_TRUE(first.fill_until("Well"));
  EXPECT_EQ(post("/v1/erasures", R"({"user": "ann"})").status, 200);
  first.leave();
  const auto closed = wait_for("turn_closed");
  for (const auto& stored : turn_events(closed.event.turn)) EXPECT_FALSE(stored.event.text.has_value()) << stored.event.kind;
  says({"again"});
  const json::Object reply = parse(chat("hi", R"(, "user": "ann")"));
  EXPECT_TRUE(turn_events(std::string(reply.at("steward").at("turn").as_string()))[0].event.text.has_value()) << "a new turn is a new one";
}

TEST_F(Routes, HealthAndReadiness) {
  EXPECT_EQ(get("/healthz").status, 200);
  EXPECT_EQ(get("/readyz").status, 200);
  gateway_->set_ready(false);
  EXPECT_EQ(get("/readyz").status, 503);
  EXPECT_EQ(get("/healthz").status, 200);
  gateway_->set_ready(true);
  ledger_.fails = 1;
  chat("hi");
  EXPECT_EQ(get("/readyz").status, 503) << "not ready while the ledger cannot be written";
}

TEST_F(Routes, Metrics) {
  chat("hi");
  chat("forbidden");
  const Answer answer = get("/metrics");
  EXPECT_TRUE(answer.header("content-type").starts_with("text/plain"));
  for (const char* wanted : {"steward_turns_total", "state=\"completed\"", "state=\"blocked_input\"", "action=\"block\""})
    EXPECT_NE(answer.body.find(wanted), std::string::npos) << wanted << "\n" << answer.body;
}

TEST_F(Routes, TheOpenApiDocumentNamesEveryRoute) {
  const json::Object body = parse(get("/openapi.json"));
  EXPECT_TRUE(std::string(body.at("openapi").as_string()).starts_with("3."));
  for (const Route& route : routes()) {
    const json::Value* path = body.at("paths").as_object().if_contains(route.path);
    ASSERT_NE(path, nullptr) << route.path;
    EXPECT_TRUE(path->as_object().contains(route.method == "GET" ? "get" : "post")) << route.path;
  }
}

TEST_F(Routes, Notices) {
  const json::Object body = parse(get("/v1/notices?language=en&place=us"));
  EXPECT_TRUE(body.at("data").is_array());
  EXPECT_EQ(body.at("place").as_string(), "US");
  expect_error(get("/v1/notices?place=USA"), 400, "place");
  expect_error(get("/v1/notices?profile=none"), 404, "profile");
}

}  // namespace
}  // namespace steward::gateway
