#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "steward/model/remote/remote_model.h"
#include "steward/net/test_server.h"

namespace steward::model {
namespace {

using net::testing::ScriptedServer;
using net::testing::ServerPeer;
using std::chrono::milliseconds;

constexpr char kHello[] = R"({"choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}],)"
                          R"("usage":{"prompt_tokens":3,"completion_tokens":1}})";

std::string delta(const std::string& text) {
  return R"({"choices":[{"index":0,"delta":{"content":")" + text + R"("},"finish_reason":null}]})";
}
constexpr char kStop[] = R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})";

struct Got {
  std::string text;
  Result<FinishReason> reason = FinishReason::kCancelled;
  Usage usage;
};

/// A generation under way and what came of it.
struct Running {
  std::unique_ptr<Generation> generation;
  std::shared_ptr<Got> got = std::make_shared<Got>();
  std::shared_ptr<std::promise<void>> first = std::make_shared<std::promise<void>>();
  std::shared_ptr<std::promise<void>> done = std::make_shared<std::promise<void>>();
  Got wait() {
    done->get_future().get();
    return *got;
  }
};

class Remote : public ::testing::Test {
 protected:
  void serve(ScriptedServer::Script script) {
    model_.reset();
    server_ = std::make_unique<ScriptedServer>(std::move(script));
    options_.url = "http://127.0.0.1:" + std::to_string(server_->port()) + "/v1/";
  }
  LanguageModel& model() {
    if (!model_) model_ = open_remote(options_, clock_).value();
    return *model_;
  }
  Result<Running> start(bool stream = true) {
    GenerateRequest request;
    request.prompt = std::vector<ChatMessage>{{"user", "hi", ""}};
    request.stream = stream;
    return start(std::move(request));
  }
  Result<Running> start(GenerateRequest request) {
    Running out;
    Sink sink;
    sink.on_delta = [got = out.got, first = out.first](std::string_view text, const std::vector<TokenLogprob>&) {
      if (got->text.empty()) first->set_value();
      got->text += text;
    };
    sink.on_prompt = [](const std::vector<TokenLogprob>&) {};
    sink.on_tool_call = [](const ToolCall&) {};
    sink.on_done = [got = out.got, done = out.done](Result<FinishReason> reason, const Usage& usage) {
      got->reason = std::move(reason);
      got->usage = usage;
      done->set_value();
    };
    out.generation = TRY(model().start(std::move(request), std::move(sink)));
    return out;
  }
  Got ask(bool stream = true) {
    auto running = start(stream);
    if (!running) {
      Got got;
      got.reason = tl::unexpected(running.error());
      return got;
    }
    return running->wait();
  }
  /// The error of one request; fails the test if there is none.
  Error error_of(bool stream = true) {
    const Got got = ask(stream);
    EXPECT_FALSE(got.reason) << got.text;
    return got.reason ? Error{} : got.reason.error();
  }

  ManualClock clock_;
  RemoteOptions options_ = [] {
    RemoteOptions out;
    out.id = "big";
    out.model = "big-70b";
    out.retry.backoff = milliseconds(1);
    out.breaker.failures = 1000;
    return out;
  }();
  std::unique_ptr<ScriptedServer> server_;
  std::unique_ptr<LanguageModel> model_;
};

TEST_F(Remote, AsksForAChatAndReadsTheStream) {
  std::promise<std::string> head, body;
  serve([&](ServerPeer& peer, int) {
    peer.read_request();
    head.set_value(peer.head);
    body.set_value(peer.body);
    peer.begin_events();
    for (const char* text : {"Hel", "lo"}) peer.send_event(delta(text));
    peer.send_event(kStop);
    peer.send_event("[DONE]");
    peer.end_events();
  });
  options_.api_key = "k3y";
  const Got got = ask();
  ASSERT_TRUE(got.reason) << got.reason.error().message;
  EXPECT_EQ(*got.reason, FinishReason::kStop);
  EXPECT_EQ(got.text, "Hello");
  const std::string sent = head.get_future().get();
  EXPECT_TRUE(sent.starts_with("POST /v1/chat/completions HTTP/1.1\r\n")) << sent;
  EXPECT_NE(sent.find("\r\nAuthorization: Bearer k3y\r\n"), std::string::npos);
  EXPECT_EQ(body.get_future().get(), R"({"model":"big-70b","messages":[{"role":"user","content":"hi"}],"temperature":1,"top_p":1,)"
                                     R"("stream":true,"stream_options":{"include_usage":true}})");
  EXPECT_EQ(model().record().path, options_.url);
  EXPECT_EQ(model().record().license, "unknown");
}

TEST_F(Remote, WholeRepliesReuseTheConnection) {
  serve([](ServerPeer& peer, int) {
    while (peer.read_request()) peer.send_json(kHello);
  });
  for (int i = 0; i < 5; ++i) {
    const Got got = ask(false);
    ASSERT_TRUE(got.reason) << got.reason.error().message;
    EXPECT_EQ(got.text, "Hello");
    EXPECT_EQ(got.usage.prompt_tokens, 3);
  }
  EXPECT_EQ(server_->connections(), 1);
}

TEST_F(Remote, AServerThatCannotStreamMayAnswerWhole) {
  serve([](ServerPeer& peer, int) {
    while (peer.read_request()) peer.send_json(kHello);
  });
  EXPECT_EQ(ask(true).text, "Hello");
}

TEST_F(Remote, WhatAnUpstreamRefusesIsTheRequestsFault) {
  std::string status, body;
  serve([&](ServerPeer& peer, int) {
    while (peer.read_request()) peer.send_json(body, status);
  });
  const auto refusal = [&](const std::string& with, const std::string& text) {
    status = with;
    body = text;
    return error_of(false);
  };
  for (const char* bad : {"400 Bad Request", "404 Not Found", "422 Unprocessable Content"}) {
    const Error error = refusal(bad, R"({"error":{"message":"you wrote s3cret","code":"bad_thing","type":"t"}})");
    EXPECT_EQ(error.code, ErrorCode::kInvalidInput);
    EXPECT_NE(error.message.find("bad_thing"), std::string::npos) << error.message;
    EXPECT_EQ(error.message.find("s3cret"), std::string::npos);
  }
  EXPECT_EQ(refusal("400 Bad Request", R"({"error":{"code":"context_length_exceeded"}})").param, "context_length_exceeded");
  EXPECT_EQ(refusal("400 Bad Request", R"({"object":"error","message":"This model's maximum context length is 5"})").param,
            "context_length_exceeded");
  EXPECT_EQ(refusal("400 Bad Request", "<html>").code, ErrorCode::kInvalidInput);
  for (const char* denied : {"401 Unauthorized", "403 Forbidden"}) {
    const Error error = refusal(denied, R"({"error":{"message":"wrong key k3y"}})");
    EXPECT_EQ(error.code, ErrorCode::kUnavailable);
    EXPECT_NE(error.message.find("api_key_env"), std::string::npos);
    EXPECT_EQ(error.message.find("k3y"), std::string::npos);
  }
  EXPECT_EQ(refusal("301 Moved Permanently", "").code, ErrorCode::kUnavailable);
  EXPECT_EQ(refusal("500 Internal Server Error", "x").code, ErrorCode::kUnavailable);
}

TEST_F(Remote, ABusyUpstreamIsAskedAgain) {
  for (const char* busy : {"429 Too Many Requests", "502 Bad Gateway", "503 Service Unavailable"}) {
    serve([busy](ServerPeer& peer, int) {
      for (int i = 0; peer.read_request(); ++i) i < 2 ? peer.send_json("{}", busy) : peer.send_json(kHello);
    });
    EXPECT_EQ(ask().text, "Hello") << busy;
  }
}

TEST_F(Remote, RetriesEnd) {
  std::atomic<int> requests{0};
  std::string status = "429 Too Many Requests", headers;
  serve([&](ServerPeer& peer, int) {
    while (peer.read_request()) {
      ++requests;
      peer.send_json("{}", status, headers);
    }
  });
  EXPECT_EQ(error_of().code, ErrorCode::kResourceExhausted);
  EXPECT_EQ(requests.exchange(0), 3);
  headers = "Retry-After: 3600\r\n";
  EXPECT_EQ(error_of().code, ErrorCode::kResourceExhausted);
  EXPECT_EQ(requests.exchange(0), 1) << "a server that asks for an hour is not asked again";
  headers = "Retry-After: 0\r\n";
  status = "503 Service Unavailable";
  EXPECT_EQ(error_of().code, ErrorCode::kUnavailable);
  EXPECT_EQ(requests.exchange(0), 3);
  status = "500 Internal Server Error";
  EXPECT_EQ(error_of().code, ErrorCode::kUnavailable);
  EXPECT_EQ(requests.exchange(0), 1);
}

TEST_F(Remote, AnUpstreamThatIsNotThere) {
  serve([](ServerPeer&, int) {});
  server_.reset();
  const Error error = error_of();
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_EQ(error.message.find("127.0.0.1"), std::string::npos) << "clients do not learn where it is";
}

/// Each begins with text that is given; none looks complete.
TEST_F(Remote, StreamsThatBreakAreErrors) {
  const std::vector<std::pair<std::string, std::function<void(ServerPeer&)>>> kinds = {
      {"reset", [](ServerPeer& peer) { peer.reset(); }},
      {"closed", [](ServerPeer& peer) { peer.leave(); }},
      {"ended without [DONE]", [](ServerPeer& peer) { peer.end_events(); }},
      {"[DONE] without a reason", [](ServerPeer& peer) { peer.send_event("[DONE]"); }},
      {"garbage", [](ServerPeer& peer) { peer.send("\x01\x02\x03\r\nnonsense\r\n"); }},
      {"not JSON", [](ServerPeer& peer) { peer.send_event("{\"choices\""); }},
      {"error event", [](ServerPeer& peer) { peer.send_event(R"({"error":{"message":"x"}})"); }},
      {"endless event",
       [](ServerPeer& peer) {
         while (peer.send_chunk(std::string(65'536, 'x'))) {
         }
       }},
  };
  for (const auto& [name, breaks] : kinds) {
    std::promise<void> seen;
    serve([breaks, seen = seen.get_future().share()](ServerPeer& peer, int) {
      peer.read_request();
      peer.begin_events();
      peer.send_event(delta("Hel"));
      seen.wait();
      breaks(peer);
      peer.hang();
    });
    auto running = start();
    ASSERT_TRUE(running);
    running->first->get_future().get();
    seen.set_value();
    const Got got = running->wait();
    EXPECT_EQ(got.text, "Hel") << name;
    ASSERT_FALSE(got.reason) << name;
    EXPECT_EQ(got.reason.error().code, ErrorCode::kUnavailable) << name << ": " << got.reason.error().message;
    EXPECT_EQ(server_->connections(), 1) << name << ": never again once a reply has begun";
  }
}

TEST_F(Remote, RepliesOfAnotherKindAreErrors) {
  const std::string kReplies[] = {
      "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n{\"cho",
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{\"choices\":",
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{\"choices",
      "garbage, not HTTP, in so many words\r\n\r\n",
  };
  for (const std::string& reply : kReplies) {
    serve([reply](ServerPeer& peer, int) {
      peer.read_request();
      peer.send(reply);
    });
    EXPECT_EQ(error_of().code, ErrorCode::kUnavailable) << reply;
    EXPECT_EQ(error_of(false).code, ErrorCode::kUnavailable) << reply;
  }
  serve([](ServerPeer& peer, int) {
    peer.read_request();
    peer.begin_events();
    peer.hang();
  });
  EXPECT_EQ(error_of(false).code, ErrorCode::kUnavailable) << "a stream that nobody asked for";
}

TEST_F(Remote, AReplyOverTheLimitIsCutOff) {
  options_.reply_bytes_max = 1000;
  serve([](ServerPeer& peer, int) {
    while (peer.read_request()) peer.send_json("\"" + std::string(2000, 'x') + "\"");
  });
  EXPECT_EQ(error_of(false).code, ErrorCode::kUnavailable);
}

TEST_F(Remote, SilenceEndsAtADeadline) {
  options_.first_byte_timeout = options_.idle_timeout = milliseconds(30);
  for (const bool begins : {false, true}) {
    serve([begins](ServerPeer& peer, int) {
      peer.read_request();
      if (begins) {
        peer.begin_events();
        peer.send_event(delta("Hel"));
      }
      peer.hang();
    });
    const Got got = ask();
    ASSERT_FALSE(got.reason);
    EXPECT_EQ(got.reason.error().code, ErrorCode::kDeadlineExceeded);
    EXPECT_EQ(got.text, begins ? "Hel" : "");
    EXPECT_EQ(server_->connections(), 1);
  }
}

TEST_F(Remote, FailuresOpenTheBreakerUntilATryWorks) {
  options_.breaker = {2, std::chrono::seconds(10)};
  std::atomic<bool> works{false};
  std::atomic<int> requests{0};
  serve([&](ServerPeer& peer, int) {
    while (peer.read_request()) {
      ++requests;
      works ? peer.send_json(kHello) : peer.send_json("{}", "500 Internal Server Error");
    }
  });
  for (int i = 0; i < 5; ++i) EXPECT_EQ(error_of().code, ErrorCode::kUnavailable);
  EXPECT_EQ(requests.exchange(0), 2) << "then it is left alone";
  clock_.advance(std::chrono::seconds(10));
  for (int i = 0; i < 3; ++i) error_of();
  EXPECT_EQ(requests.exchange(0), 1) << "one try";
  clock_.advance(std::chrono::seconds(10));
  works = true;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask().text, "Hello");
}

TEST_F(Remote, AnUpstreamThatRefusesIsAlive) {
  options_.breaker = {1, std::chrono::seconds(10)};
  serve([&](ServerPeer& peer, int) {
    for (int i = 0; peer.read_request(); ++i) i < 3 ? peer.send_json("{}", "400 Bad Request") : peer.send_json(kHello);
  });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(error_of().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(ask().text, "Hello");
}

/// GoModel's breaker opened when clients hung up: here they never count.
TEST_F(Remote, ClientsThatLeaveDoNotOpenTheBreaker) {
  options_.breaker = {1, std::chrono::seconds(10)};
  serve([&](ServerPeer& peer, int connection) {
    peer.read_request();
    if (connection == 20) return peer.send_json(kHello);
    if (connection % 2 == 0) {
      peer.begin_events();
      peer.send_event(delta("Hel"));
    }
    peer.hang();
  });
  for (int i = 0; i < 20; ++i) {
    auto running = start();
    ASSERT_TRUE(running) << running.error().message;
    if (i % 2 == 0) running->first->get_future().get();
    running->generation.reset();
    const Got got = running->wait();
    ASSERT_TRUE(got.reason);
    EXPECT_EQ(*got.reason, FinishReason::kCancelled);
    while (server_->connections() <= i) std::this_thread::yield();  // one that is cancelled before it is accepted counts as well
  }
  EXPECT_EQ(ask().text, "Hello");
}

TEST_F(Remote, AFullQueueIsToldAtOnce) {
  options_.connections_max = 1;
  options_.queued_requests_max = 1;
  std::promise<void> go;
  serve([&, may_go = go.get_future().share()](ServerPeer& peer, int) {
    while (peer.read_request()) {
      may_go.wait();
      peer.send_json(kHello);
    }
  });
  auto first = start();
  auto second = start();
  ASSERT_TRUE(first && second);
  const auto third = start();
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, ErrorCode::kResourceExhausted);
  go.set_value();
  EXPECT_EQ(first->wait().text, "Hello");
  EXPECT_EQ(second->wait().text, "Hello");
}

TEST_F(Remote, DestroyingItEndsWhatIsUnderWay) {
  serve([](ServerPeer& peer, int) {
    peer.read_request();
    peer.begin_events();
    peer.send_event(delta("Hel"));
    peer.hang();
  });
  auto running = start();
  ASSERT_TRUE(running);
  running->first->get_future().get();
  model_.reset();
  EXPECT_EQ(*running->wait().reason, FinishReason::kCancelled);
}

TEST_F(Remote, SaysWhatItCannotDo) {
  serve([](ServerPeer&, int) {});
  for (const auto& error : {model().tokenize("x", false, false).error(), model().detokenize({1}).error(), model().render({}).error()}) {
    EXPECT_EQ(error.code, ErrorCode::kInvalidInput);
    EXPECT_NE(error.message.find("upstream"), std::string::npos);
  }
  GenerateRequest echo;
  echo.prompt = std::vector<ChatMessage>{{"user", "hi", ""}};
  echo.sampling.echo = true;
  EXPECT_EQ(start(std::move(echo)).error().param, "echo");
  GenerateRequest tools;
  tools.prompt = std::string("hi");
  tools.tools.push_back({"f", "", nullptr, false});
  EXPECT_EQ(start(std::move(tools)).error().param, "tools");
}

}  // namespace
}  // namespace steward::model
