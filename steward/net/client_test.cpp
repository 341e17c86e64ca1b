#include "steward/net/client.h"

#include <gtest/gtest.h>

#include <future>

#include "steward/net/loop.h"
#include "steward/net/server.h"
#include "steward/net/test_client.h"
#include "steward/net/test_server.h"

namespace steward::net {
namespace {

using std::chrono::milliseconds;
using testing::ScriptedServer;
using testing::ServerPeer;

/// What came of a call.
struct Reply {
  int status = 0;
  std::string content_type, body;
  std::optional<Error> error;
  CallProgress progress = CallProgress::kWaiting;
};

class Collector final : public ReplyHandler {
 public:
  void on_head(ClientCall&, const ReplyHead& head) override {
    reply_.status = head.status;
    reply_.content_type = head.content_type;
    head_seen_.set_value();
  }
  void on_body(ClientCall& call, std::string_view bytes) override {
    reply_.body += bytes;
    if (!cancel_at.empty() && reply_.body.find(cancel_at) != std::string::npos) call.cancel();
  }
  std::optional<milliseconds> retry_after(const Result<void>&, CallProgress) override {
    if (again == 0) return std::nullopt;
    --again;
    head_seen_ = {};
    reply_ = {};
    return milliseconds(0);
  }
  void on_done(Result<void> result, CallProgress progress) override {
    if (!result) reply_.error = result.error();
    reply_.progress = progress;
    done_.set_value(std::move(reply_));
  }
  Reply wait() { return done_.get_future().get(); }
  void wait_head() { head_seen_.get_future().wait(); }

  std::string cancel_at;
  int again = 0;

 private:
  Reply reply_;
  std::promise<void> head_seen_;
  std::promise<Reply> done_;
};

ClientOptions options_of(const ScriptedServer& server) {
  ClientOptions options;
  options.host = "127.0.0.1";
  options.port = server.port();
  return options;
}

std::unique_ptr<Client> open(ClientOptions options) { return Client::open(std::move(options)).value(); }

Reply ask(Client& client, const std::string& body = "") {
  const auto collector = std::make_shared<Collector>();
  const auto call = client.start({"POST", "/x", body}, collector);
  EXPECT_TRUE(call) << call.error().message;
  return collector->wait();
}

/// One request on one connection to a server that sends `bytes` and goes.
Reply reply_to(const std::string& bytes, ClientOptions changes = {}) {
  ScriptedServer server([&](ServerPeer& peer, int) {
    if (peer.read_request()) peer.send(bytes);
  });
  changes.host = "127.0.0.1";
  changes.port = server.port();
  const auto client = open(changes);
  return ask(*client);
}

/// Answers every request with its body.
void echo(ServerPeer& peer, int) {
  while (peer.read_request()) peer.send_json(peer.body);
}

TEST(Client, SendsHeadAndBodyAndKeepsTheConnection) {
  std::promise<std::string> head;
  ScriptedServer server([&](ServerPeer& peer, int) {
    peer.read_request();
    head.set_value(peer.head);
    peer.send_json("\"" + peer.body + "\"");
    echo(peer, 0);
  });
  ClientOptions options = options_of(server);
  options.headers.add("Authorization", "Bearer k");
  const auto client = open(options);
  const Reply first = ask(*client, "hello");
  EXPECT_FALSE(first.error);
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.content_type, "application/json");
  EXPECT_EQ(first.body, "\"hello\"");
  EXPECT_EQ(head.get_future().get(), "POST /x HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) +
                                         "\r\nAuthorization: Bearer k\r\nContent-Length: 5\r\n\r\n");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ask(*client, std::to_string(i)).body, std::to_string(i));
  EXPECT_EQ(server.connections(), 1);
}

TEST(Client, ReadsBodiesOfEachFraming) {
  EXPECT_EQ(reply_to("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc").body, "abc");
  EXPECT_EQ(reply_to("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\nT: 1\r\n\r\n").body, "abc");
  EXPECT_EQ(reply_to("HTTP/1.1 200 OK\r\n\r\nabc").body, "abc") << "until the connection ends";
  EXPECT_EQ(reply_to("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc").body, "abc");
  EXPECT_EQ(reply_to("HTTP/1.1 204 No Content\r\n\r\n").status, 204);
  EXPECT_EQ(
      reply_to("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
          .body,
      "x");
}

TEST(Client, ALargeRequestArrivesWhole) {
  ScriptedServer server(echo);
  const auto client = open(options_of(server));
  const std::string large(8'000'000, 'x');
  EXPECT_EQ(ask(*client, large).body, large);
}

TEST(Client, WhatIsNotAReplyIsAnError) {
  const std::string cut = "the server closed the connection before the end of its reply";
  const std::vector<std::pair<std::string, std::string>> kinds = {
      {"", cut},
      {"HTTP/1.1 200 OK\r\nContent-Le", cut},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", cut},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", cut},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", cut},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n", cut},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n", "not HTTP"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc", "not HTTP"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", "not HTTP"},
      {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "not HTTP"},
      {"\x16\x03\x01 is no HTTP at all, but it is long enough to be read", "not HTTP"},
      {"<html><body>hello</body></html>\r\n\r\n", "not HTTP"},
      {"HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n", "head of the server's reply"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(60'000, 'x') + "\r\na\r\n0\r\n\r\n", "too long"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: " + std::string(60'000, 'x') + "\r\n\r\n", "too long"},
  };
  for (const auto& [bytes, words] : kinds) {
    const Reply reply = reply_to(bytes);
    ASSERT_TRUE(reply.error) << bytes.substr(0, 80);
    EXPECT_EQ(reply.error->code, ErrorCode::kUnavailable) << bytes.substr(0, 80);
    EXPECT_NE(reply.error->message.find(words), std::string::npos) << bytes.substr(0, 80) << "\n" << reply.error->message;
  }
  std::string interim;
  for (int i = 0; i < 50; ++i) interim += "HTTP/1.1 100 Continue\r\n\r\n";
  EXPECT_TRUE(reply_to(interim + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").error) << "interim replies without end";
}

TEST(Client, AHundredFieldsAreRead) {
  std::string fields;
  for (int i = 0; i < 100; ++i) fields += "X-" + std::to_string(i) + ": y\r\n";
  EXPECT_EQ(reply_to("HTTP/1.1 200 OK\r\n" + fields + "Content-Length: 1\r\n\r\nx").body, "x");
}

TEST(Client, ABodyOverTheLimitIsCutOff) {
  ClientOptions options;
  options.body_bytes_max = 1000;
  for (const std::string& bytes :
       {"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n" + std::string(1001, 'x'), "HTTP/1.1 200 OK\r\n\r\n" + std::string(1001, 'x'),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n258\r\n" + std::string(600, 'x') + "\r\n258\r\n" + std::string(600, 'x') +
            "\r\n0\r\n\r\n"}) {
    const Reply reply = reply_to(bytes, options);
    ASSERT_TRUE(reply.error) << bytes.substr(0, 60);
    EXPECT_EQ(reply.error->code, ErrorCode::kTooLarge);
    EXPECT_LE(reply.body.size(), 1000u);
  }
}

TEST(Client, SilenceEndsAtItsDeadlines) {
  ClientOptions options;
  options.first_byte_timeout = milliseconds(30);
  options.idle_timeout = milliseconds(30);
  for (const std::string& beginning :
       {std::string(), std::string("HTTP/1.1 200 OK\r\n"), std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab")}) {
    ScriptedServer server([&](ServerPeer& peer, int) {
      peer.read_request();
      peer.send(beginning);
      peer.hang();
    });
    options.host = "127.0.0.1";
    options.port = server.port();
    const auto client = open(options);
    const Reply reply = ask(*client);
    ASSERT_TRUE(reply.error);
    EXPECT_EQ(reply.error->code, ErrorCode::kDeadlineExceeded);
    EXPECT_EQ(reply.progress, beginning.empty() ? CallProgress::kSent : CallProgress::kReplying);
    EXPECT_EQ(server.connections(), 1) << "a deadline is no stale connection";
  }
}

TEST(Client, ARefusedConnectionSaysThatNothingWasSent) {
  ClientOptions options;
  {
    ScriptedServer server(echo);
    options = options_of(server);
  }
  const auto client = open(options);
  const Reply reply = ask(*client);
  ASSERT_TRUE(reply.error);
  EXPECT_EQ(reply.error->code, ErrorCode::kUnavailable);
  EXPECT_EQ(reply.progress, CallProgress::kConnecting);
}

TEST(Client, NamesAreLookedUp) {
  ScriptedServer server(echo);
  ClientOptions options = options_of(server);
  options.host = "localhost";
  const auto client = open(options);
  EXPECT_EQ(ask(*client, "hi").body, "hi");
}

TEST(Client, AResetInTheMiddleIsAnError) {
  ScriptedServer server([](ServerPeer& peer, int) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab");
    peer.reset();
  });
  const auto client = open(options_of(server));
  const Reply reply = ask(*client);
  ASSERT_TRUE(reply.error);
  EXPECT_EQ(reply.error->code, ErrorCode::kUnavailable);
  EXPECT_EQ(server.connections(), 1) << "never again after the first byte";
}

/// A server may close a kept connection just as the next request is sent over it.
TEST(Client, AStaleConnectionIsReplacedOnce) {
  ScriptedServer server([](ServerPeer& peer, int connection) {
    peer.read_request();
    peer.send_json("1");
    if (!peer.read_request()) return;
    if (connection == 0) return peer.reset();  // took the request, never answered
    peer.send_json("2");
    echo(peer, 0);
  });
  const auto client = open(options_of(server));
  EXPECT_EQ(ask(*client).body, "1");
  EXPECT_EQ(ask(*client).body, "1") << "the first of the second connection";
  EXPECT_EQ(ask(*client).body, "2");
  EXPECT_EQ(server.connections(), 2);
}

TEST(Client, AFreshConnectionThatFailsIsNotTriedAgain) {
  ScriptedServer server([](ServerPeer& peer, int) {
    peer.read_request();
    peer.reset();
  });
  const auto client = open(options_of(server));
  EXPECT_TRUE(ask(*client).error);
  EXPECT_EQ(server.connections(), 1);
}

TEST(Client, BytesThatNobodyAskedForEndAConnection) {
  ScriptedServer server([](ServerPeer& peer, int) {
    while (peer.read_request()) peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\ny");
  });
  const auto client = open(options_of(server));
  EXPECT_EQ(ask(*client).body, "x");
  EXPECT_EQ(ask(*client).body, "x");
  EXPECT_EQ(server.connections(), 2);
}

TEST(Client, ConnectionCloseIsHeeded) {
  ScriptedServer server([](ServerPeer& peer, int) {
    while (peer.read_request()) peer.send_json("1", "200 OK", "Connection: close\r\n");
  });
  const auto client = open(options_of(server));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(*client).body, "1");
  EXPECT_EQ(server.connections(), 3);
}

TEST(Client, CancelClosesTheConnection) {
  std::promise<void> gone;
  ScriptedServer server([&](ServerPeer& peer, int) {
    peer.read_request();
    peer.begin_events();
    peer.hang();
    gone.set_value();
  });
  const auto client = open(options_of(server));
  const auto collector = std::make_shared<Collector>();
  const auto call = client->start({"POST", "/", ""}, collector).value();
  collector->wait_head();
  call->cancel();
  EXPECT_EQ(collector->wait().error->code, ErrorCode::kCancelled);
  gone.get_future().get();
  call->cancel();  // once more does nothing
}

TEST(Client, NothingIsGivenAfterACancelFromWithin) {
  ScriptedServer server([](ServerPeer& peer, int) {
    peer.read_request();
    peer.begin_events();
    peer.send("1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n");
    peer.hang();
  });
  const auto client = open(options_of(server));
  const auto collector = std::make_shared<Collector>();
  collector->cancel_at = "b";
  const auto call = client->start({"POST", "/", ""}, collector);
  const Reply reply = collector->wait();
  EXPECT_EQ(reply.body, "ab");
  EXPECT_EQ(reply.error->code, ErrorCode::kCancelled);
}

TEST(Client, ARetrySendsTheSameRequest) {
  ScriptedServer server([](ServerPeer& peer, int) {
    for (int i = 0; peer.read_request(); ++i) peer.send_json(peer.body + std::to_string(i));
  });
  const auto client = open(options_of(server));
  const auto collector = std::make_shared<Collector>();
  collector->again = 2;
  const auto call = client->start({"POST", "/", "x"}, collector);
  EXPECT_EQ(collector->wait().body, "x2");
}

TEST(Client, ConnectionsAndQueueAreBounded) {
  std::promise<void> go;
  const auto may_go = go.get_future().share();
  ScriptedServer server([&](ServerPeer& peer, int) {
    while (peer.read_request()) {
      may_go.wait();
      peer.send_json(peer.body);
    }
  });
  ClientOptions options = options_of(server);
  options.connections_max = 2;
  options.queued_requests_max = 3;
  const auto client = open(options);
  std::vector<std::shared_ptr<Collector>> collectors;
  std::vector<std::shared_ptr<ClientCall>> calls;
  for (int i = 0; i < 5; ++i) {
    collectors.push_back(std::make_shared<Collector>());
    calls.push_back(client->start({"POST", "/", std::to_string(i)}, collectors.back()).value());
  }
  const auto full = client->start({"POST", "/", "5"}, std::make_shared<Collector>());
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, ErrorCode::kResourceExhausted);
  calls[3]->cancel();  // one that waits
  EXPECT_EQ(collectors[3]->wait().error->code, ErrorCode::kCancelled);
  const auto late = std::make_shared<Collector>();
  EXPECT_TRUE(client->start({"POST", "/", "late"}, late)) << "its place in the queue is free";
  go.set_value();
  for (const int i : {0, 1, 2, 4}) EXPECT_EQ(collectors[static_cast<std::size_t>(i)]->wait().body, std::to_string(i));
  EXPECT_EQ(late->wait().body, "late");
  EXPECT_EQ(server.connections(), 2);
}

TEST(Client, ClosingCancelsWhatIsUnderWay) {
  ScriptedServer server([](ServerPeer& peer, int) {
    peer.read_request();
    peer.hang();
  });
  const auto client = open(options_of(server));
  const auto collector = std::make_shared<Collector>();
  const auto call = client->start({"POST", "/", ""}, collector).value();
  client->close();
  EXPECT_EQ(collector->wait().error->code, ErrorCode::kCancelled);
  EXPECT_FALSE(client->start({"POST", "/", ""}, collector));
}

/// Takes a request on a server's thread, asks the upstream there, and answers with what it says.
class Proxy final : public ReplyHandler {
 public:
  explicit Proxy(std::shared_ptr<Responder> responder) : responder_(std::move(responder)), loop_(Loop::current()) {}
  void on_head(ClientCall&, const ReplyHead&) override { same_thread_ = loop_ != nullptr && Loop::current() == loop_; }
  void on_body(ClientCall&, std::string_view bytes) override { body_ += bytes; }
  std::optional<milliseconds> retry_after(const Result<void>&, CallProgress) override { return std::nullopt; }
  void on_done(Result<void> result, CallProgress) override {
    responder_->send(result ? 200 : http_status(result.error().code), {}, same_thread_ ? body_ : "another thread");
  }

 private:
  const std::shared_ptr<Responder> responder_;
  Loop* const loop_;
  bool same_thread_ = false;
  std::string body_;
};

TEST(Client, WorksOnTheThreadOfTheServerThatCallsIt) {
  ScriptedServer upstream(echo);
  const auto client = open(options_of(upstream));
  ServerOptions options;
  options.io_threads = 2;
  const auto server = Server::start(options, [&](const Request& request, const std::shared_ptr<Responder>& responder) {
                        if (auto call = client->start({"POST", "/", request.body}, std::make_shared<Proxy>(responder)); !call)
                          responder->send(http_status(call.error().code), {}, "");
                      }).value();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      testing::TestClient user(server->port());
      for (int i = 0; i < 50; ++i) {
        const std::string text = std::to_string(t) + "." + std::to_string(i);
        EXPECT_EQ(user.request("POST", "/", text).body, text);
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(upstream.connections(), 4);
  server->stop(milliseconds(1000));  // kept connections of the client do not hold the server's threads
}

TEST(Client, AServerThatStopsEndsItsCalls) {
  std::promise<void> asked, gone;
  ScriptedServer upstream([&](ServerPeer& peer, int) {
    peer.read_request();
    asked.set_value();
    peer.hang();
    gone.set_value();
  });
  const auto client = open(options_of(upstream));
  const auto server = Server::start({}, [&](const Request&, const std::shared_ptr<Responder>& responder) {
                        EXPECT_TRUE(client->start({"POST", "/", ""}, std::make_shared<Proxy>(responder)));
                      }).value();
  testing::TestClient user(server->port());
  user.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  asked.get_future().get();
  server->stop(milliseconds(0));
  gone.get_future().get();
}

}  // namespace
}  // namespace steward::net
