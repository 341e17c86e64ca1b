#include <map>
#include <random>

#include "steward/gateway/testing/gateway_fixture.h"

namespace steward::gateway {
namespace {

using net::testing::Answer;
using net::testing::TestClient;

class Chat : public testing::GatewayTest {
 protected:
  static std::string content(const Answer& answer) {
    return std::string(parse(answer).at("choices").as_array()[0].at("message").at("content").as_string());
  }
  static std::string finish(const Answer& answer) {
    return std::string(parse(answer).at("choices").as_array()[0].at("finish_reason").as_string());
  }
  static json::Object steward_of(const Answer& answer) {
    const auto list = events(answer);
    for (const json::Value& event : list)
      if (event.is_object() && event.as_object().contains("steward")) return event.at("steward").as_object();
    return {};
  }
  static std::string turn_of(const Answer& answer) { return std::string(parse(answer).at("steward").at("turn").as_string()); }
};

TEST_F(Chat, SeveralAnswersEachWithAGuardOfItsOwn) {
  says({"one ", "secret", " two"});
  const json::Object reply = parse(chat("hi", R"(, "n": 3)"));
  const json::Array& choices = reply.at("choices").as_array();
  ASSERT_EQ(choices.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(choices[i].at("index").as_int64(), static_cast<std::int64_t>(i));
    EXPECT_EQ(choices[i].at("message").at("content").as_string(), "one [S] two");
  }
  EXPECT_EQ(reply.at("steward").at("decisions").as_array().size(), 4u) << "one of the input, one of each output";
  const json::Object blocked = parse(chat("forbidden", R"(, "n": 2)"));
  for (const json::Value& choice : blocked.at("choices").as_array()) EXPECT_EQ(choice.at("finish_reason").as_string(), "content_filter");
  EXPECT_EQ(blocked.at("choices").as_array().size(), 2u);
  const auto streamed = events(chat("hi", R"(, "n": 2, "stream": true)"));
  std::map<std::int64_t, std::string> texts;
  std::map<std::int64_t, int> ends;
  for (const json::Value& event : streamed) {
    if (!event.is_object()) continue;
    for (const json::Value& choice : event.at("choices").as_array()) {
      const std::int64_t index = choice.at("index").as_int64();
      if (const auto* content = choice.at("delta").as_object().if_contains("content"); content && content->is_string())
        texts[index] += std::string(content->as_string());
      ends[index] += choice.at("finish_reason").is_string() ? 1 : 0;
    }
  }
  EXPECT_EQ(texts, (std::map<std::int64_t, std::string>{{0, "one [S] two"}, {1, "one [S] two"}}));
  EXPECT_EQ(ends, (std::map<std::int64_t, int>{{0, 1}, {1, 1}}));
}

TEST_F(Chat, AWholeReplyHasOpenAisShape) {
  const Answer answer = chat("hi");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const json::Object body = parse(answer);
  EXPECT_EQ(body.at("object").as_string(), "chat.completion");
  EXPECT_TRUE(std::string(body.at("id").as_string()).starts_with("chatcmpl-"));
  EXPECT_EQ(body.at("model").as_string(), "m");
  const json::Object choice = body.at("choices").as_array()[0].as_object();
  EXPECT_EQ(choice.at("message").at("role").as_string(), "assistant");
  EXPECT_EQ(choice.at("message").at("content").as_string(), "Hello world!");
  EXPECT_EQ(choice.at("finish_reason").as_string(), "stop");
  EXPECT_TRUE(choice.at("logprobs").is_null());
  EXPECT_EQ(body.at("usage").at("completion_tokens").as_int64(), 3);
  EXPECT_EQ(body.at("usage").at("total_tokens").as_int64(), body.at("usage").at("prompt_tokens").as_int64() + 3);
  EXPECT_EQ(body.at("steward").at("action").as_string(), "pass");
  EXPECT_EQ(kinds(turn_of(answer)), "turn_opened decision model_output decision turn_closed");
}

TEST_F(Chat, AStreamHasOpenAisShape) {
  const Answer answer = chat("hi", R"(, "stream": true, "stream_options": {"include_usage": true})");
  ASSERT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.complete);
  EXPECT_TRUE(answer.header("content-type").starts_with("text/event-stream"));
  const auto list = events(answer);
  ASSERT_GE(list.size(), 5u);
  EXPECT_EQ(list.front().at("object").as_string(), "chat.completion.chunk");
  EXPECT_EQ(list.front().at("choices").as_array()[0].at("delta").at("role").as_string(), "assistant");
  EXPECT_EQ(streamed_text(answer), "Hello world!");
  EXPECT_EQ(list.back(), json::Value("[DONE]"));
  const json::Value& usage = list[list.size() - 2];
  EXPECT_TRUE(usage.at("choices").as_array().empty());
  EXPECT_EQ(usage.at("usage").at("completion_tokens").as_int64(), 3);
  EXPECT_EQ(list[list.size() - 3].at("choices").as_array()[0].at("finish_reason").as_string(), "stop");
  for (const json::Value& event : list)
    if (event.is_object()) EXPECT_EQ(event.at("id"), list.front().at("id"));
}

TEST_F(Chat, ABlockedInputNeverReachesTheModel) {
  const Answer answer = chat("something forbidden");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(finish(answer), "content_filter");
  EXPECT_FALSE(content(answer).empty());
  EXPECT_TRUE(model_->prompts().empty());
  EXPECT_EQ(kinds(turn_of(answer)), "turn_opened decision turn_closed");
  EXPECT_EQ(parse(answer).at("steward").at("state").as_string(), "blocked_input");
  EXPECT_EQ(answer.body.find("forbidden"), std::string::npos) << "findings quote nothing";
  const Answer streamed = chat("something forbidden", R"(, "stream": true)");
  EXPECT_EQ(streamed_text(streamed), content(answer));
  EXPECT_EQ(events(streamed).back(), json::Value("[DONE]"));
}

TEST_F(Chat, ABlockedOutputIsStoppedWhereverItWasCut) {
  const std::string whole = "It is quite forbidden to say this, so do not.";
  std::mt19937 random(7);
  for (int round = 0; round < 40; ++round) {
    std::vector<std::string> deltas;
    for (std::size_t at = 0; at < whole.size();) {
      const std::size_t size = 1 + random() % 9;
      deltas.push_back(whole.substr(at, size));
      at += size;
    }
    says(deltas);
    const Answer streamed = chat("hi", R"(, "stream": true)");
    EXPECT_EQ(streamed_text(streamed), "It is quite ");
    const auto list = events(streamed);
    EXPECT_EQ(list.back(), json::Value("[DONE]"));
    EXPECT_EQ(list[list.size() - 2].at("choices").as_array()[0].at("finish_reason").as_string(), "content_filter");
    EXPECT_EQ(steward_of(streamed).at("action").as_string(), "block");
    EXPECT_EQ(streamed.body.find("forbidden"), std::string::npos);
  }
  const Answer answer = chat("hi");
  EXPECT_EQ(finish(answer), "content_filter");
  EXPECT_EQ(answer.body.find("quite"), std::string::npos) << "a whole reply is refused whole";
  EXPECT_EQ(parse(answer).at("steward").at("state").as_string(), "blocked_output");
}

TEST_F(Chat, ARewriteOverChunkBordersIsWhole) {
  says({"the se", "cr", "et is out"});
  EXPECT_EQ(streamed_text(chat("hi", R"(, "stream": true)")), "the [S] is out");
  EXPECT_EQ(content(chat("hi")), "the [S] is out");
}

TEST_F(Chat, TheModelGetsTheRewrittenInputAndTheLedgerBoth) {
  const Answer answer = chat("my secret is safe");
  ASSERT_EQ(model_->prompts().size(), 1u);
  EXPECT_EQ(model_->prompts()[0], "user: my [S] is safe\n");
  EXPECT_EQ(kinds(turn_of(answer)), "turn_opened decision model_input model_output decision turn_closed");
  const auto stored = turn_events(turn_of(answer));
  EXPECT_NE(stored[0].event.text->find("my secret is safe"), std::string::npos);
  EXPECT_NE(stored[2].event.text->find("my [S] is safe"), std::string::npos);
  for (const auto& event : stored) EXPECT_EQ(json::dump(event.event.meta).find("secret"), std::string::npos) << "meta holds no text";
}

TEST_F(Chat, AUserAtRiskGetsTheSupportiveReply) {
  const Answer answer = chat("I am in danger");
  EXPECT_EQ(finish(answer), "stop");
  EXPECT_EQ(content(answer), "You are not alone.");
  EXPECT_EQ(parse(answer).at("steward").at("action").as_string(), "canned");
  EXPECT_TRUE(model_->prompts().empty());
  EXPECT_EQ(streamed_text(chat("I am in danger", R"(, "stream": true)")), "You are not alone.");
}

TEST_F(Chat, HistoryIsGuardedToo) {
  const Answer answer = post(
      "/v1/chat/completions",
      R"({"model": "m", "messages": [{"role": "user", "content": "forbidden"}, {"role": "assistant", "content": "no"}, {"role": "user", "content": "hi"}]})");
  EXPECT_EQ(answer.status, 200);
  for (const std::string& prompt : model_->prompts()) EXPECT_EQ(prompt.find("forbidden"), std::string::npos) << prompt;
}

TEST_F(Chat, RawHasNoGuard) {
  says({"quite forbidden"});
  const Answer answer = post("/v1/chat/completions", chat_body("forbidden secret", "", "m@raw"));
  EXPECT_EQ(content(answer), "quite forbidden");
  EXPECT_EQ(model_->prompts()[0], "user: forbidden secret\n");
  EXPECT_EQ(kinds(turn_of(answer)), "turn_opened model_output turn_closed") << "raw is in the ledger all the same";
}

TEST_F(Chat, AFullQueueIs429) {
  script_.refusal = Error{ErrorCode::kResourceExhausted, "the model's queue is full", ""};
  const Answer answer = chat("hi");
  expect_error(answer, 429);
  EXPECT_NE(answer.header("retry-after"), "");
}

TEST_F(Chat, AModelThatFailsBeforeTheFirstByteIs500) {
  script_ = {{}, {}, Error{ErrorCode::kInternal, "broken", ""}, false};
  expect_error(chat("hi"), 500);
  expect_error(chat("hi", R"(, "stream": true)"), 500);
}

TEST_F(Chat, AModelThatFailsMidStreamEndsInAnErrorEventWithoutDone) {
  script_ = {{"Hello ", "there, you "}, {}, Error{ErrorCode::kInternal, "broken", ""}, false};
  const Answer answer = chat("hi", R"(, "stream": true)");
  if (answer.status == 200) {
    const auto list = events(answer);
    EXPECT_TRUE(list.back().as_object().contains("error"));
    for (const json::Value& event : list) EXPECT_NE(event, json::Value("[DONE]"));
  } else {
    expect_error(answer, 500);
  }
  EXPECT_EQ(wait_for("turn_closed").event.meta.at("state").as_string(), "failed");
}

TEST_F(Chat, AModelThatHangsMeetsTheDeadline) {
  GatewayOptions given = options();
  given.turn_deadline = std::chrono::milliseconds(80);
  restart(given);
  script_ = {{"Hello"}, {}, {}, true};
  expect_error(chat("hi"), 504);
  EXPECT_EQ(wait_for("turn_closed").event.meta.at("state").as_string(), "failed");
}

TEST_F(Chat, AClientThatVanishesCancelsTheModel) {
  script_ = {{"Hello ", "there, ", "you "}, {}, {}, true};
  {
    TestClient client(server_->port());
    const std::string body = chat_body("hi", R"(, "stream": true)");
    client.send("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n\r\n" + body);
    ASSERT_TRUE(client.fill_until("Hello"));
  }
  EXPECT_EQ(wait_for("turn_closed").event.meta.at("state").as_string(), "cancelled");
  for (int i = 0; i < 2000 && model_->cancelled() == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(model_->cancelled(), 1);
}

TEST_F(Chat, NothingLeavesThatTheLedgerDoesNotHold) {
  for (const std::string stream : {"", R"(, "stream": true)"}) {
    ledger_.fails = 1;  // turn_opened; of a whole reply, all its events
    const Answer unopened = chat("hi", stream);
    expect_error(unopened, 503);
    EXPECT_EQ(unopened.body.find("Hello"), std::string::npos);
  }
  ledger_.fails = 2;  // turn_closed
  const Answer streamed = chat("hi", R"(, "stream": true)");
  for (const json::Value& event : events(streamed))
    EXPECT_NE(event, json::Value("[DONE]")) << "an answer that is not recorded is not finished";
  EXPECT_EQ(chat("hi").status, 200) << "the ledger is back";
}

TEST_F(Chat, AGracefulStopFinishesAStream) {
  std::vector<std::string> many(300, "word ");
  says(many);
  TestClient client(server_->port());
  const std::string body = chat_body("hi", R"(, "stream": true)");
  client.send("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + body);
  ASSERT_TRUE(client.fill_until("word"));
  std::thread stopper([this] { server_->stop(std::chrono::seconds(20)); });
  const Answer answer = client.read_answer();
  stopper.join();
  EXPECT_TRUE(answer.complete);
  EXPECT_EQ(events(answer).back(), json::Value("[DONE]"));
}

TEST_F(Chat, ConversationsOfTwoUsersShareNothing) {
  const auto subject = [&](const std::string& more) {
    const Answer answer = chat("hi", more);
    return turn_events(turn_of(answer))[0].event.subject;
  };
  const std::string ann = subject(R"(, "user": "ann")");
  EXPECT_EQ(subject(R"(, "safety_identifier": "ann")"), ann);
  EXPECT_NE(subject(R"(, "user": "bob")"), ann);
  EXPECT_EQ(ann.find("ann"), std::string::npos);
}

TEST_F(Chat, ManyAtOnce) {
  std::vector<std::thread> clients;
  std::atomic<int> right{0};
  for (int c = 0; c < 8; ++c)
    clients.emplace_back([&, c] {
      TestClient client(server_->port());
      for (int i = 0; i < 12; ++i) {
        const bool stream = (c + i) % 2 == 0;
        const Answer answer = client.request("POST", "/v1/chat/completions", chat_body("hi", stream ? R"(, "stream": true)" : ""));
        right += stream ? streamed_text(answer) == "Hello world!" : content(answer) == "Hello world!";
      }
    });
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(right, 96);
  EXPECT_TRUE(ledger_.verify()->ok);
}

}  // namespace
}  // namespace steward::gateway
