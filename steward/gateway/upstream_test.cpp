#include <future>

#include "steward/gateway/testing/gateway_fixture.h"
#include "steward/model/remote/remote_model.h"
#include "steward/net/test_server.h"

namespace steward::gateway {
namespace {

using net::testing::Answer;
using net::testing::ScriptedServer;
using net::testing::ServerPeer;

/// The gateway of the fixture with a model "m" behind a server that the test scripts.
class Upstream : public testing::GatewayTest {
 protected:
  ~Upstream() override {
    server_.reset();
    EXPECT_TRUE(gateway_->wait_idle(std::chrono::seconds(20)));
  }
  void serve_by(ScriptedServer::Script script) {
    server_.reset();
    remote_.reset();
    upstream_ = std::make_unique<ScriptedServer>(std::move(script));
    model::RemoteOptions options;
    options.id = "m";
    options.model = "big";
    options.url = "http://127.0.0.1:" + std::to_string(upstream_->port()) + "/v1";
    options.first_byte_timeout = options.idle_timeout = std::chrono::milliseconds(timeout_ms_);
    options.retry.retries = 0;
    remote_ = model::open_remote(options, clock_).value();
    gateway_ =
        std::make_unique<Gateway>(GatewayParts{{remote_.get()}, profiles_, ledger_, conversations_, clock_, {}}, Upstream::options());
    net::ServerOptions server;
    server.io_threads = 2;
    server_ = serve(*gateway_, clock_, server).value();
  }
  std::vector<ledger::StoredEvent> all(const std::string& kind) const {
    ledger::Query query;
    query.kind = kind;
    return ledger_.read(query).value();
  }
  static std::string delta(const std::string& text) {
    return R"({"choices":[{"index":0,"delta":{"content":")" + text + R"("},"finish_reason":null}]})";
  }

  int timeout_ms_ = 60'000;
  std::unique_ptr<ScriptedServer> upstream_;
  std::unique_ptr<model::LanguageModel> remote_;
};

constexpr char kStop[] = R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})";

TEST_F(Upstream, AnswersThroughTheGuard) {
  std::string asked;
  serve_by([&](ServerPeer& peer, int) {
    while (peer.read_request()) {
      asked = peer.body;
      peer.begin_events();
      for (const char* text : {"a sec", "ret is", " kept"}) peer.send_event(delta(text));
      peer.send_event(kStop);
      peer.send_event("[DONE]");
      peer.end_events();
    }
  });
  const Answer answer = chat("my secret", R"(, "stream": true, "user": "jane", "safety_identifier": "j-7")");
  EXPECT_EQ(streamed_text(answer), "a [S] is kept");
  EXPECT_NE(asked.find("my [S]"), std::string::npos) << "the upstream gets what the guard let through: " << asked;
  EXPECT_EQ(asked.find("jane"), std::string::npos);
  EXPECT_EQ(asked.find("j-7"), std::string::npos);
  EXPECT_EQ(chat("forbidden").status, 200);
  EXPECT_EQ(asked.find("forbidden"), std::string::npos) << "a blocked request never leaves";
  EXPECT_EQ(upstream_->connections(), 1);
}

TEST_F(Upstream, GetsToolsAndNamesAsTheGuardLeftThem) {
  std::string asked;
  serve_by([&](ServerPeer& peer, int) {
    while (peer.read_request()) {
      asked = peer.body;
      peer.send_json(
          R"({"choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"c2","type":"function","function":{"name":"look","arguments":"{\"q\":\"a \\u0073ecret\"}"}}]},"finish_reason":"tool_calls"}]})",
          "200 OK");
    }
  });
  const Answer answer = post(
      "/v1/chat/completions",
      R"({"model": "m", "tools": [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}], "messages": [{"role": "user", "name": "ann", "content": "hi"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}]}, {"role": "tool", "tool_call_id": "c1", "content": "a secret"}]})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const json::Value body = json::parse(asked).value();
  EXPECT_EQ(body.at("messages").at(0).at("name").as_string(), "ann");
  EXPECT_EQ(body.at("messages").at(1).at("tool_calls").at(0).at("id").as_string(), "c1");
  EXPECT_EQ(body.at("messages").at(2).at("content").as_string(), "a [S]");
  EXPECT_EQ(body.at("tools").at(0).at("function").at("name").as_string(), "look");
  const json::Value call = parse(answer).at("choices").at(0).at("message").at("tool_calls").at(0);
  EXPECT_EQ(call.at("id").as_string(), "c2");
  EXPECT_EQ(call.at("function").at("arguments").as_string(), R"({"q":"a [S]"})");
}

/// Whatever an upstream does: an error of our shape, no text that no guard has seen, and one end of the turn in the ledger.
TEST_F(Upstream, WhateverItDoesTheTurnEndsOnce) {
  const std::vector<std::pair<std::string, std::function<void(ServerPeer&)>>> kinds = {
      {"hangs", [](ServerPeer& peer) { peer.hang(); }},
      {"resets", [](ServerPeer& peer) { peer.reset(); }},
      {"sends garbage", [](ServerPeer& peer) { peer.send("\x01\x02 nonsense, and enough of it\r\n\r\n"); }},
      {"answers HTML",
       [](ServerPeer& peer) { peer.send("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\nsecret"); }},
      {"fails in words", [](ServerPeer& peer) { peer.send_json(R"({"error":{"message":"no secret"}})", "500 Internal Server Error"); }},
      {"hangs in the middle",
       [](ServerPeer& peer) {
         peer.begin_events();
         peer.send_event(delta("a sec"));
         peer.hang();
       }},
      {"hangs in a whole reply",
       [](ServerPeer& peer) {
         peer.send(
             "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
             "60\r\n\r\n{\"choices\":[{\"message\":{\"content\":\"sec");
         peer.hang();
       }},
      {"resets in the middle",
       [](ServerPeer& peer) {
         peer.begin_events();
         peer.send_event(delta("the secr"));
         peer.reset();
       }},
      {"garbage in the middle",
       [](ServerPeer& peer) {
         peer.begin_events();
         peer.send_event(delta("a secret"));
         peer.send_event("secret {");
         peer.hang();
       }},
      {"an error in the middle",
       [](ServerPeer& peer) {
         peer.begin_events();
         peer.send_event(delta("one secret"));
         peer.send_event(R"({"error":{"message":"no secret"}})");
         peer.hang();
       }},
      {"no end", [](ServerPeer& peer) {
         peer.begin_events();
         peer.send_event(delta("one secret"));
         peer.end_events();
         peer.hang();
       }}};
  std::size_t turns = 0;
  for (const auto& [name, does] : kinds) {
    timeout_ms_ = name.starts_with("hangs") ? 30 : 60'000;
    serve_by([does](ServerPeer& peer, int) {
      peer.read_request();
      does(peer);
    });
    for (const bool stream : {false, true}) {
      const Answer answer = chat("hi", stream ? R"(, "stream": true)" : "");
      EXPECT_EQ(answer.body.find("sec"), std::string::npos) << name << ": " << answer.body;
      EXPECT_EQ(answer.body.find("[DONE]"), std::string::npos) << name;
      if (answer.status == 200) {
        ASSERT_TRUE(stream) << name;
        const auto list = events(answer);
        ASSERT_FALSE(list.empty()) << name;
        EXPECT_TRUE(list.back().as_object().contains("error")) << name;
      } else {
        // Events where a whole reply was asked for are refused without waiting for their end.
        const bool waits = name.starts_with("hangs") && (stream || name != "hangs in the middle");
        expect_error(answer, waits ? 504 : 503);
      }
      const auto closed = all("turn_closed");
      ASSERT_EQ(closed.size(), ++turns) << name;
      EXPECT_EQ(closed.back().event.meta.at("state").as_string(), "failed") << name;
    }
  }
}

TEST_F(Upstream, AClientThatLeavesClosesTheUpstream) {
  std::promise<void> asked, gone;
  serve_by([&](ServerPeer& peer, int) {
    peer.read_request();
    asked.set_value();
    peer.hang();
    gone.set_value();
  });
  net::testing::TestClient user(server_->port());
  const std::string body = chat_body("hi");
  user.send("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
            std::to_string(body.size()) + "\r\n\r\n" + body);
  asked.get_future().get();
  user.leave();
  gone.get_future().get();
  EXPECT_EQ(wait_for("turn_closed").event.meta.at("state").as_string(), "cancelled");
}

TEST_F(Upstream, RoutesThatNeedItsTokensSaySo) {
  serve_by([](ServerPeer&, int) {});
  EXPECT_NE(expect_error(get("/tokenizer_info"), 400).find("upstream"), std::string::npos);
  EXPECT_NE(expect_error(post("/tokenize", R"({"prompt": "hi"})"), 400).find("upstream"), std::string::npos);
  EXPECT_NE(expect_error(post("/detokenize", R"({"tokens": [1]})"), 400).find("upstream"), std::string::npos);
  EXPECT_NE(expect_error(post("/v1/completions", R"({"model": "m", "prompt": [1, 2]})"), 400).find("upstream"), std::string::npos);
  EXPECT_EQ(get("/v1/models").status, 200);
}

}  // namespace
}  // namespace steward::gateway
