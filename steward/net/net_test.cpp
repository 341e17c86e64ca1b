#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <atomic>
#include <future>
#include <thread>

#include "steward/net/request_head.h"
#include "steward/net/request_reader.h"
#include "steward/net/server.h"
#include "steward/net/test_client.h"

namespace steward::net {
namespace {

using std::chrono::milliseconds;
using testing::Answer;
using testing::TestClient;

std::unique_ptr<Server> serve(Handler handler, ServerOptions options = {}) {
  auto server = Server::start(options, std::move(handler));
  EXPECT_TRUE(server.has_value());
  return std::move(*server);
}

void echo(const Request& request, const std::shared_ptr<Responder>& responder) {
  responder->send(200, Headers{{"Content-Type", "text/plain"}}, request.method + " " + request.path + " " + request.body);
}

TEST(RequestHead, RefusesWhateverTwoServersCouldReadDifferently) {
  const std::string host = "Host: a\r\n";
  const std::vector<std::pair<std::string, int>> shapes = {
      {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: xchunked\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: identity\r\n\r\n", 400},
      {"POST / HTTP/1.0\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: 3\r\nContent-Length: 3\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: 3, 3\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: +3\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: 0x3\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: \r\n\r\n", 400},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: 99999999999999999999\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n" + host + "Host: b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n" + host + "X: 1\r\n folded\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n" + host + "X : 1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n" + host + ": 1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n" + host + "no colon\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n" + host + "X: a\nY: b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n" + host + "X: a\rb\r\n\r\n", 400},
      {"GET / HTTP/1.1\n" + host + "\r\n", 400},
      {"GET  / HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /a b HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET a HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /%zz HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /%00 HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET / HTTP/2.0\r\n" + host + "\r\n", 505},
      {"GET / http/1.1\r\n" + host + "\r\n", 400},
      {"G@T / HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET / HTTP/1.1\r\n" + host + "Expect: a miracle\r\n\r\n", 417},
      {"GET / HTTP/1.1\r\n" + host + "X: a" + std::string(1, 0) + "b\r\n\r\n", 400},
  };
  for (const auto& [bytes, status] : shapes) {
    RequestHead head;
    HttpProblem problem;
    EXPECT_FALSE(read_head(bytes, head, problem)) << bytes;
    EXPECT_EQ(problem.status, status) << bytes;
  }
}

TEST(RequestHead, ReadsTargetQueryAndFields) {
  RequestHead head;
  HttpProblem problem;
  ASSERT_TRUE(
      read_head("GET http://h:1/v1/a%2Fb?x=1+2&y=%C3%A9&z HTTP/1.1\r\nhOsT: h:1\r\nX:  v \r\nConnection: Close\r\n\r\n", head, problem));
  EXPECT_EQ(head.request.path, "/v1/a/b");
  EXPECT_EQ(head.request.query_value("x"), "1 2");
  EXPECT_EQ(head.request.query_value("y"), "é");
  EXPECT_EQ(head.request.query_value("z"), "");
  EXPECT_EQ(*head.request.headers.find("x"), "v");
  EXPECT_FALSE(head.keep_alive);
}

TEST(RequestReader, ReadsTheSameHoweverTheBytesAreCut) {
  const std::string wire =
      "POST /a?b=c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;x=y\r\n,\r\n0\r\nT: 1\r\n\r\n"
      "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbodyGET /c HTTP/1.1\r\nHost: h\r\n\r\n";
  rc::check([&] {
    std::vector<Request> requests;
    std::string input;
    std::string_view rest = wire;
    auto reader = std::make_unique<RequestReader>(ReadLimits{1000, 1000});
    while (!rest.empty() || !input.empty()) {
      const auto size = std::min<std::size_t>(*rc::gen::inRange(1, 40), rest.size());
      input += rest.substr(0, size);
      rest.remove_prefix(size);
      while (reader->feed(input) == RequestReader::State::kDone) {
        requests.push_back(reader->take_request());
        reader = std::make_unique<RequestReader>(ReadLimits{1000, 1000});
      }
      RC_ASSERT(reader->state() != RequestReader::State::kFailed);
    }
    RC_ASSERT(requests.size() == 3u);
    RC_ASSERT(requests[0].body == "hello,");
    RC_ASSERT(requests[1].body == "body");
    RC_ASSERT(requests[2].path == "/c");
  });
}

TEST(RequestReader, RefusesMalformedChunks) {
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string body : {"5\nhello\r\n0\r\n\r\n", "g\r\nhello\r\n0\r\n\r\n", "5\r\nhelloX\r\n0\r\n\r\n", "-1\r\n\r\n",
                                 "fffffffffffffffff\r\nx\r\n", "5\r\nhello0\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n"}) {
    RequestReader reader(ReadLimits{1000, 1000});
    std::string input = head + body;
    EXPECT_EQ(reader.feed(input), RequestReader::State::kFailed) << body;
  }
  RequestReader reader(ReadLimits{1000, 4});
  std::string input = head + "5\r\nhello\r\n0\r\n\r\n";
  EXPECT_EQ(reader.feed(input), RequestReader::State::kFailed);
  EXPECT_EQ(reader.problem().status, 413);
}

TEST(Server, KeepsAliveAndAnswersPipelinedRequestsInOrder) {
  auto server = serve(echo);
  TestClient client(server->port());
  EXPECT_EQ(client.request("GET", "/one").body, "GET /one ");
  client.send(
      "GET /a HTTP/1.1\r\nHost: h\r\n\r\nPOST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhiGET /c HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.read_answer().body, "GET /a ");
  EXPECT_EQ(client.read_answer().body, "POST /b hi");
  EXPECT_EQ(client.read_answer().body, "GET /c ");
  const Answer head = client.request("HEAD", "/");
  EXPECT_EQ(head.header("content-length"), "7");
  EXPECT_EQ(client.request("OPTIONS", "/x").body, "OPTIONS /x ");
  client.send("GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.read_answer().header("connection"), "close");
  EXPECT_TRUE(client.at_end());
}

TEST(Server, SpeaksHttp10) {
  auto server = serve([](const Request&, const std::shared_ptr<Responder>& responder) {
    responder->begin_stream(200, {});
    responder->write("streamed");
    responder->end();
  });
  TestClient client(server->port());
  client.send("GET / HTTP/1.0\r\n\r\n");
  const Answer answer = client.read_answer();
  EXPECT_EQ(answer.body, "streamed");
  EXPECT_EQ(answer.header("transfer-encoding"), "");
}

TEST(Server, RefusedShapesAreAnsweredAndTheConnectionClosed) {
  ServerOptions options;
  options.refusal = [](int status, std::string_view) {
    return std::pair<Headers, std::string>(Headers{{"X-Mine", "1"}}, std::to_string(status));
  };
  auto server = serve(echo, options);
  for (const std::string bytes : {"GET / HTTP/1.1\nHost: h\n\n",
                                  "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET "
                                  "/smuggled HTTP/1.1\r\nHost: h\r\n\r\n"}) {
    TestClient client(server->port());
    client.send(bytes);
    const Answer answer = client.read_answer();
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(answer.body, "400");
    EXPECT_EQ(answer.header("x-mine"), "1");
    EXPECT_TRUE(client.at_end());
  }
}

TEST(Server, OverLimits) {
  ServerOptions options;
  options.body_bytes_max = 1000;
  options.header_bytes_max = 500;
  auto server = serve(echo, options);
  {
    TestClient client(server->port());
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\n\r\n" + std::string(3'000'000, 'x'));
    EXPECT_EQ(client.read_answer().status, 413);
  }
  {
    TestClient client(server->port());
    client.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3000000\r\n\r\n");
    EXPECT_EQ(client.read_answer().status, 413);
  }
  {
    TestClient client(server->port());
    client.send("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(600, 'x'));
    EXPECT_EQ(client.read_answer().status, 431);
  }
}

TEST(Server, AnswersExpectContinue) {
  auto server = serve(echo);
  TestClient client(server->port());
  client.send("POST /u HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 100);
  client.send("hi");
  EXPECT_EQ(client.read_answer().body, "POST /u hi");
}

TEST(Server, SlowClientsTimeOut) {
  ServerOptions options;
  options.header_timeout = options.body_timeout = milliseconds(60);
  options.idle_timeout = milliseconds(60);
  auto server = serve(echo, options);
  TestClient head(server->port()), body(server->port()), idle(server->port());
  head.send("GET / HTTP/1.1\r\nHo");
  body.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhi");
  EXPECT_EQ(head.read_answer().status, 408);
  EXPECT_EQ(body.read_answer().status, 408);
  EXPECT_TRUE(idle.at_end());
}

TEST(Server, AClientThatVanishesMidStreamIsReported) {
  std::promise<void> left;
  std::shared_ptr<Responder> kept;
  auto server = serve([&](const Request&, std::shared_ptr<Responder> responder) {
    responder->on_closed([&] { left.set_value(); });
    responder->begin_stream(200, {});
    responder->write("first");
    kept = std::move(responder);
  });
  TestClient client(server->port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(client.fill_until("first"));
  client.leave();
  EXPECT_EQ(left.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
  EXPECT_EQ(kept->write("more"), 0u);
  kept->end();
}

TEST(Server, AClientThatDoesNotReadIsCutOff) {
  std::promise<void> left;
  auto server = serve([&](const Request&, std::shared_ptr<Responder> responder) {
    responder->on_closed([&] { left.set_value(); });
    responder->begin_stream(200, {});
    // The kernel takes its fill, then the socket stays full: what is written from there on goes over the bound.
    std::thread([responder = std::move(responder)] {
      const std::string chunk(65536, 'x');
      while (responder->write(chunk) > 0) std::this_thread::sleep_for(milliseconds(1));
    }).detach();
  });
  TestClient client(server->port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(left.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
}

TEST(Server, ADroppedResponderAnswers500AndADroppedStreamIsCut) {
  auto server = serve([](const Request& request, const std::shared_ptr<Responder>& responder) {
    if (request.path == "/stream") {
      responder->begin_stream(200, {});
      responder->write("half");
    }
  });
  TestClient client(server->port());
  EXPECT_EQ(client.request("GET", "/").status, 500);
  EXPECT_FALSE(client.request("GET", "/stream").complete);
}

TEST(Server, AGracefulStopFinishesStreamsAndClosesIdleConnections) {
  std::promise<std::shared_ptr<Responder>> begun;
  auto server = serve([&](const Request& request, std::shared_ptr<Responder> responder) {
    if (request.path != "/stream") return echo(request, responder);
    responder->begin_stream(200, {});
    responder->write("a");
    begun.set_value(std::move(responder));
  });
  TestClient idle(server->port()), busy(server->port());
  idle.request("GET", "/");
  busy.send("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
  auto responder = begun.get_future().get();
  std::thread stopper([&] { server->stop(std::chrono::seconds(20)); });
  EXPECT_TRUE(idle.at_end());
  responder->write("b");
  responder->end();
  const Answer answer = busy.read_answer();
  EXPECT_TRUE(answer.complete);
  EXPECT_EQ(answer.body, "ab");
  EXPECT_TRUE(busy.at_end());
  stopper.join();
  EXPECT_FALSE(TestClient(server->port()).connected());
  bool ran = false;
  responder->post([&] { ran = true; });  // after the stop: on this thread
  EXPECT_TRUE(ran);
}

TEST(Server, ADeadlineOfZeroCutsStreams) {
  std::promise<std::shared_ptr<Responder>> begun;
  auto server = serve([&](const Request&, std::shared_ptr<Responder> responder) {
    responder->begin_stream(200, {});
    begun.set_value(std::move(responder));
  });
  TestClient client(server->port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  auto responder = begun.get_future().get();
  server->stop(milliseconds(0));
  EXPECT_FALSE(client.read_answer().complete);
}

TEST(Server, TurnsAwayConnectionsBeyondTheLimit) {
  ServerOptions options;
  options.connections_max = 1;
  auto server = serve(echo, options);
  TestClient first(server->port());
  EXPECT_EQ(first.request("GET", "/").status, 200);
  TestClient second(server->port());
  const Answer answer = second.read_answer();
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.header("retry-after"), "1");
}

TEST(Server, ManyThreadsAndConnections) {
  ServerOptions options;
  options.io_threads = 3;
  auto server = serve(
      [](const Request& request, std::shared_ptr<Responder> responder) {
        std::thread([request, responder = std::move(responder)] {
          responder->begin_stream(200, {});
          for (int i = 0; i < 20; ++i) responder->write(request.path);
          responder->end();
        }).detach();
      },
      options);
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int t = 0; t < 6; ++t)
    threads.emplace_back([&, t] {
      TestClient client(server->port());
      for (int i = 0; i < 20; ++i) {
        const std::string path = "/" + std::to_string(t * 1000 + i);
        std::string expected;
        for (int k = 0; k < 20; ++k) expected += path;
        good += client.request("GET", path).body == expected;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 120);
}

TEST(Server, ATakenPortAndABadAddressAreErrors) {
  auto server = serve(echo);
  ServerOptions options;
  options.port = server->port();
  EXPECT_EQ(Server::start(options, echo).error().code, ErrorCode::kUnavailable);
  options.address = "localhost";
  EXPECT_EQ(Server::start(options, echo).error().code, ErrorCode::kInvalidInput);
}

TEST(Server, TimersRunUnlessTheAnswerWasSent) {
  auto server = serve([](const Request&, const std::shared_ptr<Responder>& responder) {
    responder->after(milliseconds(5), [weak = std::weak_ptr(responder), responder] { responder->send(200, {}, "late"); });
  });
  TestClient client(server->port());
  EXPECT_EQ(client.request("GET", "/").body, "late");
  EXPECT_EQ(client.request("GET", "/").body, "late");
}

}  // namespace
}  // namespace steward::net
