#include "steward/gateway/testing/gateway_fixture.h"

namespace steward::gateway {
namespace {

using net::testing::Answer;
using net::testing::TestClient;

class BadInput : public testing::GatewayTest {};

TEST_F(BadInput, EachMistakeIsNamed) {
  const std::string messages = R"("messages": [{"role": "user", "content": "hi"}])";
  std::string many_stops;
  for (int i = 0; i < 64; ++i) many_stops += "\"a\", ";
  const struct {
    std::string body;
    int status;
    const char* param;
    const char* hint;
  } kCases[] = {
      {"{", 400, "", "JSON"},
      {"[]", 400, "", "object"},
      {"nul", 400, "", "JSON"},
      {"{} {}", 400, "", ""},
      {R"({"model": "m", "model": "x"})", 400, "", "twice"},
      {R"({"a": ")"
       "\xFF"
       R"("})",
       400, "", ""},
      {"{" + messages + "}", 400, "model", "missing"},
      {R"({"model": 3, )" + messages + "}", 400, "model", ""},
      {R"({"model": "none", )" + messages + "}", 404, "model", "/v1/models"},
      {R"({"model": "m@none", )" + messages + "}", 404, "model", "/v1/models"},
      {R"({"model": "m"})", 400, "messages", "at least one"},
      {R"({"model": "m", "messages": []})", 400, "messages", "at least one"},
      {R"({"model": "m", "messages": "hi"})", 400, "messages", ""},
      {R"({"model": "m", "messages": [3]})", 400, "messages[0]", "object"},
      {R"({"model": "m", "messages": [{"content": "hi"}]})", 400, "messages[0].role", ""},
      {R"({"model": "m", "messages": [{"role": "boss", "content": "hi"}]})", 400, "messages[0].role", "system"},
      {R"({"model": "m", "messages": [{"role": "user"}]})", 400, "messages[0].content", "missing"},
      {R"({"model": "m", "messages": [{"role": "user", "content": 4}]})", 400, "messages[0].content", "string"},
      {R"({"model": "m", "messages": [{"role": "user", "content": [{"type": "image_url"}]}]})", 400, "messages[0].content", "images"},
      {R"({"model": "m", "messages": [{"role": "user", "content": [{"type": "text"}]}]})", 400, "messages[0].content", "text"},
      {R"({"model": "m", "messages": [{"role": "assistant", "content": "", "tool_calls": [{}]}]})", 400, "messages[0].tool_calls[0]",
       "'id' and 'function'"},
      {R"({"model": "m", "temperature": 3, )" + messages + "}", 400, "temperature", ""},
      {R"({"model": "m", "temperature": "hot", )" + messages + "}", 400, "temperature", ""},
      {R"({"model": "m", "top_p": -1, )" + messages + "}", 400, "top_p", ""},
      {R"({"model": "m", "max_tokens": 0, )" + messages + "}", 400, "max_tokens", "at least 1"},
      {R"({"model": "m", "max_tokens": 1.5, )" + messages + "}", 400, "max_tokens", ""},
      {R"({"model": "m", "stop": [)" + many_stops + R"("a"], )" + messages + "}", 400, "stop", "64"},
      {R"({"model": "m", "stop": 5, )" + messages + "}", 400, "stop", ""},
      {R"({"model": "m", "logit_bias": {"x": 1}, )" + messages + "}", 400, "logit_bias", ""},
      {R"({"model": "m", "stream": "yes", )" + messages + "}", 400, "stream", ""},
      {R"({"model": "m", "n": 17, )" + messages + "}", 400, "n", "from 1 to 16"},
      {R"({"model": "m", "n": 2, "best_of": 3, )" + messages + "}", 400, "best_of", "as many as"},
      {R"({"model": "m", "tools": [{}], )" + messages + "}", 400, "tools[0].type", "function"},
      {R"({"model": "m", "response_format": {"type": "xml"}, )" + messages + "}", 400, "response_format", "json_schema"},
      {R"({"model": "m", "audio": {"voice": "x"}, )" + messages + "}", 400, "audio", "not supported"},
      {R"({"model": "m", "top_logprobs": 2, )" + messages + "}", 400, "top_logprobs", "logprobs"},
      {R"({"model": "m", "logprobs": true, )" + messages + "}", 400, "logprobs", "@raw"},
      {R"({"model": "m", "user": 5, )" + messages + "}", 400, "user", ""},
      {R"({"model": "m", "metadata": {"conversation_id": ""}, )" + messages + "}", 400, "metadata.conversation_id", "512"},
  };
  for (const auto& [body, status, param, hint] : kCases) {
    SCOPED_TRACE(body);
    const std::string message = expect_error(post("/v1/chat/completions", body), status, param);
    EXPECT_NE(message.find(hint), std::string::npos) << body << "\n" << message;
  }
  EXPECT_TRUE(model_->prompts().empty());
}

TEST_F(BadInput, LimitsHold) {
  std::string many = R"({"model": "m", "messages": [)";
  for (int i = 0; i < 15'000; ++i) many += R"({"role": "user", "content": "hi"},)";
  many.back() = ']';
  many += "}";
  expect_error(post("/v1/chat/completions", many), 400, "messages");
  expect_error(post("/v1/chat/completions", chat_body(std::string(2 << 20, 'a'))), 413);
  std::string deep = R"({"model": "m", "x": )";
  for (int i = 0; i < 5000; ++i) deep += "[";
  expect_error(post("/v1/chat/completions", deep), 400);
  GatewayOptions small = options();
  small.text_bytes_max = 100;
  restart(small);
  expect_error(chat(std::string(101, 'a')), 413, "messages");
  EXPECT_EQ(chat(std::string(99, 'a')).status, 200);
}

TEST_F(BadInput, RoutesMethodsAndTypes) {
  expect_error(get("/v1/none"), 404);
  const Answer wrong = get("/v1/chat/completions");
  expect_error(wrong, 405);
  EXPECT_NE(wrong.header("allow").find("POST"), std::string::npos);
  expect_error(TestClient(server_->port()).request("DELETE", "/v1/models"), 405);
  const std::string body = chat_body("hi");
  TestClient client(server_->port());
  client.send("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + body);
  expect_error(client.read_answer(), 415);
}

TEST_F(BadInput, SmugglingShapesGetOpenAisErrorAndTheConnectionCloses) {
  for (const char* request : {"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                              "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
                              "GET / HTTP/1.1\r\nHost : localhost\r\n\r\n"}) {
    TestClient client(server_->port());
    client.send(request);
    expect_error(client.read_answer(), 400);
    EXPECT_TRUE(client.at_end());
  }
}

TEST_F(BadInput, MalformedTrustedHeaders) {
  expect_error(post("/v1/chat/completions", chat_body("hi"), "x-steward-age-band: 12\r\n"), 400, "x-steward-age-band");
  expect_error(post("/v1/chat/completions", chat_body("hi"), "x-steward-jurisdiction: Germany\r\n"), 400, "x-steward-jurisdiction");
}

class Keys : public testing::GatewayTest {
 protected:
  static ApiKey key(const std::string& secret, const std::string& name) {
    ApiKey out;
    out.sha256 = hex(sha256(secret));
    out.tenant = "t";
    out.name = name;
    return out;
  }
  Answer ask(const std::string& secret, const std::string& more_headers = "", const std::string& model = "m") {
    return post("/v1/chat/completions", chat_body("hi", "", model), "Authorization: Bearer " + secret + "\r\n" + more_headers);
  }
  std::string opened(const Answer& answer, const char* field) {
    const std::string turn(parse(answer).at("steward").at("turn").as_string());
    return std::string(turn_events(turn)[0].event.meta.at(field).as_string());
  }
};

TEST_F(Keys, DecideWhoMayDoWhat) {
  GatewayOptions given = options();
  given.access.keys = {key("k1", "plain"), key("k2", "trusted")};
  given.access.keys[0].age_band = "13-15";
  given.access.keys[0].jurisdiction = "DE";
  given.access.keys[1].permissions = {"raw", "trusted_headers"};
  restart(given);
  expect_error(chat("hi"), 401);
  expect_error(ask("wrong"), 401);
  EXPECT_EQ(get("/healthz").status, 200) << "no key for probes";
  EXPECT_EQ(opened(ask("k1"), "age_band"), "13-15");
  EXPECT_EQ(opened(ask("k1", "x-steward-age-band: 18+\r\n"), "age_band"), "13-15") << "not trusted with it";
  EXPECT_EQ(opened(ask("k1"), "jurisdiction"), "DE");
  EXPECT_EQ(opened(ask("k2", "x-steward-age-band: u13\r\nx-steward-jurisdiction: fr\r\n"), "age_band"), "u13");
  EXPECT_EQ(opened(ask("k2"), "age_band"), "unknown");
  expect_error(ask("k1", "", "m@raw"), 403, "model");
  EXPECT_EQ(ask("k2", "", "m@raw").status, 200);
}

TEST_F(Keys, HaveLimits) {
  GatewayOptions given = options();
  given.access.keys = {key("k1", "slow"), key("k2", "free")};
  given.access.keys[0].limits.requests_per_minute = 3;
  restart(given);
  int answered = 0;
  for (int i = 0; i < 6; ++i) {
    const Answer answer = ask("k1");
    answered += answer.status == 200;
    if (answer.status == 200) continue;
    expect_error(answer, 429);
    EXPECT_GT(std::stoi(answer.header("retry-after")), 0);
  }
  EXPECT_GE(answered, 3);
  EXPECT_LT(answered, 6);
  EXPECT_EQ(ask("k2").status, 200);
}

TEST_F(Keys, SayWhatIsLeft) {
  GatewayOptions given = options();
  given.access.keys = {key("k1", "some")};
  given.access.keys[0].limits = {100, 1000, 0};
  restart(given);
  says({"a", "b", "c"});
  const Answer answer = ask("k1");
  EXPECT_EQ(answer.header("x-ratelimit-limit-requests"), "100");
  EXPECT_EQ(answer.header("x-ratelimit-remaining-requests"), "99");
  EXPECT_EQ(answer.header("x-ratelimit-limit-tokens"), "1000");
  const int left = std::stoi(ask("k1").header("x-ratelimit-remaining-tokens"));
  EXPECT_LT(left, 1000) << "prompt and completion of the first one";
  EXPECT_GT(left, 900);
}

TEST_F(Keys, TokensThatWereSpentAreWaitedFor) {
  GatewayOptions given = options();
  given.access.keys = {key("k1", "some")};
  given.access.keys[0].limits = {0, 2, 0};
  restart(given);
  EXPECT_EQ(ask("k1").status, 200);
  const Answer refused = ask("k1");
  EXPECT_NE(expect_error(refused, 429).find("tokens"), std::string::npos);
  EXPECT_GT(std::stoi(refused.header("retry-after")), 1);
}

TEST_F(Keys, EndUsersHaveLimitsOfTheirOwn) {
  GatewayOptions given = options();
  given.access.per_user.requests_per_minute = 2;
  restart(given);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(chat("hi", R"(, "user": "ann")").status, 200);
  expect_error(chat("hi", R"(, "user": "ann")"), 429);
  EXPECT_EQ(chat("hi", R"(, "user": "bob")").status, 200);
  EXPECT_EQ(chat("hi").status, 200) << "nobody is named";
}

TEST_F(Keys, SoManyTurnsAtOnce) {
  GatewayOptions given = options();
  given.access.per_user.concurrent_turns = 1;
  restart(given);
  script_ = {{"Well. "}, {}, {}, true};
  TestClient first(server_->port());
  const std::string body = chat_body("hi", R"(, "user": "ann", "stream": true)");
  first.send("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
             std::to_string(body.size()) + "\r\n\r\n" + body);
  ASSERT_TRUE(first.fill_until("Well"));
  says({"b"});
  expect_error(chat("hi", R"(, "user": "ann")"), 429);
  EXPECT_EQ(chat("hi", R"(, "user": "bob")").status, 200);
  first.leave();
  EXPECT_EQ(wait_for("turn_closed", "cancelled").event.meta.at("state").as_string(), "cancelled");
  EXPECT_TRUE(gateway_->wait_idle(std::chrono::seconds(20)));
  EXPECT_EQ(chat("hi", R"(, "user": "ann")").status, 200);
}

TEST_F(Keys, MayUseTheModelsThatTheyName) {
  GatewayOptions given = options();
  given.access.keys = {key("k1", "one"), key("k2", "all")};
  given.access.keys[0].models = {"m@teen"};
  given.access.keys[0].permissions = {"raw"};
  given.access.keys[1].models = {"m@*"};
  restart(given);
  EXPECT_EQ(ask("k1", "", "m@teen").status, 200);
  expect_error(ask("k1"), 404, "model");
  expect_error(ask("k1", "", "m@raw"), 404, "model");
  EXPECT_EQ(ask("k2").status, 200);
  EXPECT_EQ(parse(get("/v1/models", "Authorization: Bearer k1\r\n")).at("data").as_array().size(), 1u);
}

TEST_F(Keys, ExpireAndAreReplaced) {
  GatewayOptions given = options();
  given.access.keys = {key("k1", "old"), key("k2", "later")};
  given.access.keys[0].expires_us = clock_.now_us() - 1;
  given.access.keys[1].expires_us = clock_.now_us() + std::int64_t{3600} * 1'000'000;
  restart(given);
  EXPECT_NE(expect_error(ask("k1"), 401).find("expired"), std::string::npos);
  EXPECT_EQ(ask("k2").status, 200);
  given.access.keys = {key("k3", "new")};
  gateway_->replace_access(given.access);
  expect_error(ask("k2"), 401);
  EXPECT_EQ(ask("k3").status, 200);
}

TEST(Limiter, ForgetsNamesThatOweNothing) {
  ManualClock clock;
  Limiter limiter(clock);
  int wait = 0;
  for (int i = 0; i < 5000; ++i) {
    EXPECT_TRUE(limiter.take_request("user " + std::to_string(i), {1, 0, 0}, wait));
    clock.advance(std::chrono::seconds(1));
  }
  EXPECT_FALSE(limiter.take_request("user 4999", {1, 0, 0}, wait));
  EXPECT_EQ(wait, 59);
  EXPECT_TRUE(limiter.take_request("user 0", {1, 0, 0}, wait));
}

TEST_F(Keys, WithoutAnyOnlyLocalClientsAreServed) {
  EXPECT_EQ(chat("hi").status, 200);
  for (const char* header : {"X-Forwarded-For: 1.2.3.4\r\n", "Forwarded: for=1.2.3.4\r\n", "Origin: https://evil.example\r\n"})
    expect_error(post("/v1/chat/completions", chat_body("hi"), header), 401);
  GatewayOptions given = options();
  given.access.raw_on_loopback = false;
  restart(given);
  expect_error(post("/v1/chat/completions", chat_body("hi", "", "m@raw")), 403, "model");
}

}  // namespace
}  // namespace steward::gateway
