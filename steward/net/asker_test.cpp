#include "steward/net/asker.h"

#include <gtest/gtest.h>

#include <atomic>

#include "steward/net/loop.h"
#include "steward/net/test_server.h"

namespace steward::net {
namespace {

using std::chrono::milliseconds;
using testing::ScriptedServer;
using testing::ServerPeer;

class Asking : public ::testing::Test {
 protected:
  void serve(ScriptedServer::Script script) {
    server_ = std::make_unique<ScriptedServer>(std::move(script));
    options_.client.host = "127.0.0.1";
    options_.client.port = server_->port();
    options_.name = "the test";
    options_.retry.backoff = milliseconds(1);
    options_.timeout = milliseconds(60'000);
  }
  Asker& asker() {
    if (!asker_) asker_ = Asker::open(options_, clock_).value();
    return *asker_;
  }
  Question question(std::string body) {
    return {{"POST", "/x", std::move(body)}, [this](std::string_view answer) -> Result<void> {
              if (answer == "bad") return fail(ErrorCode::kUnavailable, "garbage");
              read_ += std::string(answer) + ";";
              return {};
            }};
  }
  ErrorCode error(std::string body = "a") {
    const auto asked = asker().ask({question(std::move(body))});
    return asked ? ErrorCode::kInternal : asked.error().code;
  }

  ManualClock clock_;
  AskerOptions options_;
  std::unique_ptr<ScriptedServer> server_;
  std::unique_ptr<Asker> asker_;
  std::string read_;
};

TEST_F(Asking, ReadsAllAnswersInOrder) {
  serve([](ServerPeer& peer, int) {
    while (peer.read_request()) peer.send_json("<" + peer.body + ">");
  });
  std::vector<Question> questions;
  std::string expected;
  for (int i = 0; i < 20; ++i) {
    questions.push_back(question(std::to_string(i)));
    expected += "<" + std::to_string(i) + ">;";
  }
  ASSERT_TRUE(asker().ask(questions));
  EXPECT_EQ(read_, expected);
  EXPECT_TRUE(asker().ask({}));
}

TEST_F(Asking, TriesAgainWhatMayWorkLater) {
  for (const char* busy : {"429 Too Many Requests", "502 Bad Gateway", "503 Service Unavailable"}) {
    std::atomic<int> asked{0};
    asker_.reset();
    serve([&, busy](ServerPeer& peer, int) {
      while (peer.read_request()) ++asked < 3 ? peer.send_json("no", busy) : peer.send_json("yes");
    });
    EXPECT_TRUE(asker().ask({question("a")})) << busy;
    EXPECT_EQ(asked, 3);
  }
}

TEST_F(Asking, StatusesBecomeErrors) {
  std::string status;
  serve([&](ServerPeer& peer, int) {
    while (peer.read_request()) peer.send_json("the secret words", status);
  });
  options_.retry.retries = 0;
  for (const auto& [line, code] : std::vector<std::pair<std::string, ErrorCode>>{{"401 Unauthorized", ErrorCode::kUnavailable},
                                                                                 {"403 Forbidden", ErrorCode::kUnavailable},
                                                                                 {"400 Bad Request", ErrorCode::kInvalidInput},
                                                                                 {"413 Too Large", ErrorCode::kTooLarge},
                                                                                 {"429 Too Many", ErrorCode::kResourceExhausted},
                                                                                 {"302 Found", ErrorCode::kUnavailable},
                                                                                 {"500 Oops", ErrorCode::kUnavailable}}) {
    status = line;
    const auto asked = asker().ask({question("a")});
    ASSERT_FALSE(asked) << line;
    EXPECT_EQ(asked.error().code, code) << line;
    EXPECT_EQ(asked.error().message.find("secret"), std::string::npos);
  }
}

TEST_F(Asking, SilenceEndsWithTheTimeout) {
  serve([](ServerPeer& peer, int) {
    if (peer.read_request()) peer.hang();
  });
  options_.timeout = milliseconds(30);
  EXPECT_EQ(error(), ErrorCode::kDeadlineExceeded);
}

TEST_F(Asking, FailuresOpenTheBreakerUntilATryWorks) {
  std::atomic<bool> works{false};
  std::atomic<int> asked{0};
  serve([&](ServerPeer& peer, int) {
    while (peer.read_request()) {
      ++asked;
      peer.send_json(works ? "good" : "bad");
    }
  });
  options_.breaker = {2, std::chrono::seconds(10)};
  for (int i = 0; i < 2; ++i) EXPECT_EQ(error(), ErrorCode::kUnavailable);
  EXPECT_EQ(asker().breaker_state(), Breaker::State::kOpen);
  EXPECT_EQ(error(), ErrorCode::kUnavailable);
  EXPECT_EQ(asked, 2) << "an open breaker asks nobody";
  works = true;
  clock_.advance(std::chrono::seconds(10));
  EXPECT_TRUE(asker().ask({question("a"), question("b"), question("c")})) << "one tries, the others follow";
  EXPECT_EQ(asker().breaker_state(), Breaker::State::kClosed);
}

TEST_F(Asking, ServersThatLeaveAreUnavailable) {
  serve([](ServerPeer& peer, int number) {
    if (!peer.read_request()) return;
    if (number % 2 == 1) peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    peer.reset();
  });
  options_.breaker.failures = 100;
  for (int i = 0; i < 4; ++i) EXPECT_EQ(error(), ErrorCode::kUnavailable);
  const std::uint16_t port = server_->port();
  asker_.reset();
  server_.reset();
  options_.client.port = port;
  EXPECT_EQ(error(), ErrorCode::kUnavailable) << "refused";
}

TEST_F(Asking, WorksOnAThreadThatRunsALoop) {
  serve([](ServerPeer& peer, int) {
    while (peer.read_request()) peer.send_json("yes");
  });
  const auto loop = std::make_shared<Loop>();
  Result<void> asked = fail(ErrorCode::kInternal, "not asked");
  ASSERT_TRUE(loop->post([&] {
    asked = asker().ask({question("a")});
    loop->finish();
  }));
  loop->run();
  EXPECT_TRUE(asked);
  EXPECT_EQ(read_, "yes;");
}

TEST_F(Asking, HugeAnswersAreNotRead) {
  serve([](ServerPeer& peer, int) {
    if (peer.read_request()) peer.send_json(std::string(100'000, 'x'));
  });
  options_.client.body_bytes_max = 1000;
  EXPECT_EQ(error(), ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace steward::net
