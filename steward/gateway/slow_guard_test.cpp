// Guards that are slow run on workers: other clients of the same I/O thread do not wait for them, and nothing else changes.

#include <condition_variable>
#include <deque>
#include <random>
#include <thread>

#include "steward/gateway/testing/gateway_fixture.h"
#include "steward/guard/testing/slow_filter.h"

namespace steward::gateway {
namespace {

using net::testing::Answer;
using net::testing::TestClient;

/// Stops whoever passes until it is opened.
class Latch {
 public:
  void pass() {
    std::unique_lock lock(mutex_);
    ++entered_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void wait_entered(int count = 1) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return entered_ >= count; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int entered_ = 0;
  bool open_ = false;
};

/// A model with one thread that speaks for all requests in turn, as an engine does; or, without a thread, at once in start().
class EngineModel final : public model::LanguageModel {
 public:
  enum class Speaks { kAtOnce, kOnItsThread };
  EngineModel(Speaks speaks, std::vector<std::string> deltas) : deltas_(std::move(deltas)) {
    record_.id = "m";
    if (speaks == Speaks::kOnItsThread) thread_ = std::thread([this] { run(); });
  }
  ~EngineModel() override {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
  }
  const model::ModelRecord& record() const override { return record_; }
  Result<std::unique_ptr<model::Generation>> start(model::GenerateRequest, model::Sink sink) override {
    if (thread_.joinable()) {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(std::move(sink));
      wake_.notify_one();
    } else {
      speak(sink);
    }
    return std::unique_ptr<model::Generation>(std::make_unique<Handle>());
  }
  Result<std::vector<model::Token>> tokenize(std::string_view, bool, bool) const override { return std::vector<model::Token>(); }
  Result<std::string> detokenize(const std::vector<model::Token>&) const override { return std::string(); }
  model::TokenizerInfo tokenizer_info() const override { return {}; }
  Result<std::string> render(const std::vector<model::ChatMessage>&) const override { return std::string(); }

 private:
  struct Handle final : model::Generation {
    void cancel() override {}
  };
  void speak(const model::Sink& sink) const {
    for (const std::string& delta : deltas_) sink.on_delta(delta, {});
    sink.on_done(model::FinishReason::kStop, {1, 0, static_cast<int>(deltas_.size())});
  }
  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
      if (closing_) return;
      const model::Sink sink = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      speak(sink);
      lock.lock();
    }
  }

  const std::vector<std::string> deltas_;
  model::ModelRecord record_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<model::Sink> waiting_;
  bool closing_ = false;
  std::thread thread_;
};

/// The fixture's filter as a slow one, which stops at the latch when a text holds "wait". One I/O thread, one worker, one place to wait.
class SlowGuard : public testing::GatewayTest {
 protected:
  SlowGuard() {
    factory_ = guard::testing::make_all_slow(filters::make_scripted, [this](std::string_view text) { before_(text); });
    io_threads_ = 1;
    set_guard();
    restart(few_workers());
  }
  ~SlowGuard() override {
    latch_.open();
    server_.reset();
    EXPECT_TRUE(gateway_->wait_idle(std::chrono::seconds(20)));
  }
  static GatewayOptions few_workers() {
    GatewayOptions out = options();
    out.workers = {1, 1};
    return out;
  }
  void serve_model(model::LanguageModel& model) {
    other_model_ = &model;
    restart(few_workers());
  }
  /// A chat that is sent and not yet read.
  std::unique_ptr<TestClient> send_chat(const std::string& text, const std::string& more = "") {
    return send("/v1/chat/completions", chat_body(text, more));
  }
  std::unique_ptr<TestClient> send(const std::string& path, const std::string& body) {
    auto client = std::make_unique<TestClient>(server_->port());
    client->send("POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
                 std::to_string(body.size()) + "\r\n\r\n" + body);
    return client;
  }
  double metric(const std::string& name) {
    const std::string text = get("/metrics").body;
    const auto at = text.find("\n" + name + " ");
    return at == std::string::npos ? -1 : std::atof(text.c_str() + at + name.size() + 2);
  }
  /// The one I/O thread has seen what happened before: it has come back for new requests.
  void let_io_thread_see() {
    for (int i = 0; i < 3; ++i) EXPECT_EQ(get("/healthz").status, 200);
  }
  static std::string turn_of(const Answer& answer) { return std::string(parse(answer).at("steward").at("turn").as_string()); }

  Latch latch_;
  std::function<void(std::string_view)> before_ = [this](std::string_view text) {
    if (text.find("wait") != std::string_view::npos) latch_.pass();
  };
};

TEST_F(SlowGuard, OthersOfTheSameThreadAreServedWhileItScans) {
  const auto waiting = send_chat("please wait");
  latch_.wait_entered();
  EXPECT_EQ(get("/healthz").status, 200);
  EXPECT_EQ(post("/v1/chat/completions", chat_body("wait", R"(, "stream": true)", "m@raw")).status, 200) << "no guard, no worker";
  latch_.open();
  const Answer answer = waiting->read_answer();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(kinds(turn_of(answer)), "turn_opened decision model_output decision turn_closed");
}

TEST_F(SlowGuard, OthersOfTheSameThreadAreServedWhileItScansAnOutput) {
  says({"do ", "wait", " a while, ", "it is no secret"});
  const auto waiting = send_chat("hi", R"(, "stream": true)");
  latch_.wait_entered();
  EXPECT_EQ(get("/healthz").status, 200);
  latch_.open();
  const Answer answer = waiting->read_answer();
  EXPECT_TRUE(answer.complete);
  EXPECT_EQ(streamed_text(answer), "do wait a while, it is no [S]");
}

TEST_F(SlowGuard, GivesWhatAFastOneGives) {
  const std::string texts[] = {"A plain answer of some length, told in order, one word after the other.",
                               "It is a secret, a secret, I say.", "Well. It is forbidden to say this, so do not.",
                               "There is danger ahead, take care.", ""};
  std::minstd_rand random(5);
  const auto slow = profiles_.find("default");
  factory_ = filters::make_scripted;
  set_guard();
  const auto fast = profiles_.find("default");
  ASSERT_TRUE(slow->slow() && !fast->slow());
  for (const std::string& text : texts) {
    for (const char* more : {R"(, "stream": true)", "", R"(, "n": 3)"}) {
      for (int round = 0; round < 6; ++round) {
        std::vector<std::string> deltas;
        for (std::size_t at = 0; at < text.size(); at += deltas.back().size()) deltas.push_back(text.substr(at, 1 + random() % 7));
        says(deltas);
        std::string seen[2];
        for (const auto& guard : {slow, fast}) {
          profiles_.set("default", guard);
          const Answer answer = chat("hi", more);
          std::string& out = seen[guard == slow ? 0 : 1];
          if (!answer.body.starts_with("{")) {
            out = streamed_text(answer) + json::dump(events(answer)[events(answer).size() - 2].at("steward").at("findings"));
            continue;
          }
          out = json::dump(parse(answer).at("choices")) + json::dump(parse(answer).at("steward").at("findings"));
        }
        EXPECT_EQ(seen[0], seen[1]) << text << more;
      }
    }
  }
}

TEST_F(SlowGuard, JudgesCallsAndPromptsLikeAFastOne) {
  script_ = {{}, {}, {}, false, {{"call_1", "note", R"({"text": "a secret"})"}}};
  const std::string tools = R"(, "tools": [{"type": "function", "function": {"name": "note"}}])";
  const json::Object reply = parse(chat("hi", tools));
  EXPECT_EQ(reply.at("choices").at(0).at("finish_reason").as_string(), "tool_calls");
  EXPECT_EQ(reply.at("choices").at(0).at("message").at("tool_calls").at(0).at("function").at("arguments").as_string(),
            R"({"text": "a [S]"})");
  script_.calls[0].arguments = R"({"text": "forbidden"})";
  EXPECT_EQ(parse(chat("hi", tools)).at("choices").at(0).at("finish_reason").as_string(), "content_filter");
  says({"fine"});
  EXPECT_EQ(parse(chat("forbidden")).at("steward").at("state").as_string(), "blocked_input");
  const json::Object two = parse(post("/v1/completions", R"({"model": "m", "prompt": ["one", "forbidden"], "max_tokens": 9})"));
  EXPECT_EQ(two.at("choices").at(0).at("text").as_string(), "fine");
  EXPECT_EQ(two.at("choices").at(1).at("finish_reason").as_string(), "content_filter");
}

TEST_F(SlowGuard, DeltasThatComeDuringAScanAreOneStep) {
  std::vector<std::string> deltas{"wait "};
  for (int i = 0; i < 50; ++i) deltas.push_back(std::to_string(i) + " ");
  EngineModel at_once(EngineModel::Speaks::kAtOnce, deltas);
  serve_model(at_once);
  const auto waiting = send_chat("hi", R"(, "stream": true)");
  latch_.wait_entered();
  latch_.open();
  const Answer answer = waiting->read_answer();
  std::string whole;
  for (const std::string& delta : deltas) whole += delta;
  EXPECT_EQ(streamed_text(answer), whole);
  EXPECT_EQ(metric("steward_guard_jobs_total{kind=\"input\"}"), 1);
  EXPECT_EQ(metric("steward_guard_jobs_total{kind=\"output\"}"), 2) << "the first delta, then all others and the end";
  EXPECT_EQ(metric("steward_guard_queue_depth"), 0);
  EXPECT_EQ(metric("steward_guard_queue_seconds_count"), 3);
  server_.reset();
}

TEST_F(SlowGuard, AClientThatLeavesDuringTheCheckOfItsInput) {
  auto leaving = send_chat("please wait");
  latch_.wait_entered();
  auto queued = send_chat("second");
  let_io_thread_see();
  leaving->leave();
  queued->leave();
  let_io_thread_see();
  latch_.open();
  ledger::Query query;
  query.kind = "turn_closed";
  EXPECT_EQ(wait_for("turn_closed", "cancelled").event.meta.at("state").as_string(), "cancelled");
  server_.reset();
  ASSERT_TRUE(gateway_->wait_idle(std::chrono::seconds(20)));
  const auto closed = ledger_.read(query).value();
  ASSERT_EQ(closed.size(), 2u);
  EXPECT_EQ(kinds(closed[0].event.turn), "turn_opened decision turn_closed") << "its check had begun: what it came to is recorded";
  EXPECT_EQ(kinds(closed[1].event.turn), "turn_opened turn_closed") << "its check had not begun";
  EXPECT_TRUE(model_->prompts().empty());
}

TEST_F(SlowGuard, AClientThatLeavesDuringAScanOfItsOutputCancelsTheModelAtOnce) {
  script_ = {{"a ", "wait ", "now "}, {}, {}, true};
  auto leaving = send_chat("hi", R"(, "stream": true)");
  latch_.wait_entered();
  leaving->leave();
  const ledger::StoredEvent closed = wait_for("turn_closed", "cancelled");  // while the worker still stands at the latch
  EXPECT_EQ(kinds(closed.event.turn), "turn_opened decision model_output decision turn_closed");
  while (model_->cancelled() == 0) std::this_thread::yield();
}

TEST_F(SlowGuard, AFullQueueIsAnsweredBeforeTheModelIsAsked) {
  says({"do ", "wait", " please"});
  const auto streaming = send_chat("hi", R"(, "stream": true)");
  latch_.wait_entered();  // the worker scans the output of a turn under way
  const auto queued = send_chat("second");
  let_io_thread_see();
  const Answer refused = chat("third");
  expect_error(refused, 503);
  EXPECT_EQ(refused.header("retry-after"), "1");
  expect_error(post("/v1/moderations", R"({"input": ["a", "b"]})"), 503);
  EXPECT_EQ(model_->prompts().size(), 1u);
  const auto closed = wait_for("turn_closed", "refused");
  EXPECT_EQ(kinds(closed.event.turn), "turn_opened turn_closed");
  EXPECT_EQ(metric("steward_guard_jobs_refused_total"), 2);
  EXPECT_EQ(metric("steward_guard_queue_depth"), 1);
  latch_.open();
  EXPECT_EQ(streamed_text(streaming->read_answer()), "do wait please") << "a turn under way always has a place";
  EXPECT_EQ(queued->read_answer().status, 200);
}

TEST_F(SlowGuard, ADeadlineDoesNotWaitForTheCheck) {
  GatewayOptions options = few_workers();
  options.turn_deadline = std::chrono::milliseconds(1);
  options.workers.queued_max = 8;  // what was given up waits in its place until the worker comes to it
  restart(options);
  for (const char* more : {"", R"(, "stream": true)"}) expect_error(chat("please wait", more), 504);
  EXPECT_EQ(wait_for("turn_closed", "failed").event.meta.at("error").as_string(), "deadline_exceeded");
}

TEST_F(SlowGuard, ModerationsGiveTheirResultsInOrder) {
  GatewayOptions options = few_workers();
  options.workers = {3, 1};
  restart(options);
  std::string inputs;
  for (int i = 0; i < 40; ++i) inputs += std::string(i ? ", " : "") + (i % 3 == 0 ? "\"forbidden\"" : i == 1 ? "\"wait\"" : "\"fine\"");
  const auto waiting = send("/v1/moderations", R"({"input": [)" + inputs + "]}");
  latch_.wait_entered();
  EXPECT_EQ(get("/healthz").status, 200);
  latch_.open();
  const json::Object reply = parse(waiting->read_answer());
  const json::Array& results = reply.at("results").as_array();
  ASSERT_EQ(results.size(), 40u);
  for (std::size_t i = 0; i < results.size(); ++i) EXPECT_EQ(results[i].at("flagged").as_bool(), i % 3 == 0) << i;
  EXPECT_EQ(metric("steward_guard_jobs_total{kind=\"text\"}"), 40);
}

TEST_F(SlowGuard, AClientThatLeavesEndsItsModerations) {
  auto leaving = send("/v1/moderations", R"({"input": ["wait", "one", "two", "three"]})");
  latch_.wait_entered();
  leaving->leave();
  let_io_thread_see();
  latch_.open();
  server_.reset();
  ASSERT_TRUE(gateway_->wait_idle(std::chrono::seconds(20)));
  EXPECT_TRUE(ledger_.read({}).value().empty()) << "nobody got a decision";
}

TEST_F(SlowGuard, StoppingLetsWhatIsUnderWayEnd) {
  auto waiting = send_chat("please wait");
  auto moderating = send("/v1/moderations", R"({"input": ["wait", "wait"]})");
  latch_.wait_entered();
  let_io_thread_see();
  std::thread opener([this] { latch_.open(); });
  server_->stop(std::chrono::milliseconds(0));
  EXPECT_TRUE(gateway_->wait_idle(std::chrono::seconds(20)));
  opener.join();
  server_.reset();
}

TEST_F(SlowGuard, MayAskTheModelThatTurnsWaitFor) {
  EngineModel engine(EngineModel::Speaks::kOnItsThread, {"one ", "two ", "three"});
  before_ = [&engine](std::string_view) {  // a judge: the worker waits until the engine has answered it
    std::mutex mutex;
    std::condition_variable changed;
    bool done = false;
    model::Sink sink;
    sink.on_delta = [](std::string_view, std::vector<model::TokenLogprob>) {};
    sink.on_done = [&](const Result<model::FinishReason>&, const model::Usage&) {
      const std::lock_guard lock(mutex);
      done = true;
      changed.notify_all();
    };
    const auto generation = engine.start({}, std::move(sink));
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return done; });
  };
  other_model_ = &engine;
  GatewayOptions options = few_workers();
  options.workers.queued_max = 16;
  restart(options);
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 8; ++i) clients.push_back(send_chat("hi", i % 2 ? R"(, "stream": true)" : R"(, "n": 2)"));
  for (std::size_t i = 0; i < clients.size(); ++i) {
    const Answer answer = clients[i]->read_answer();
    EXPECT_EQ(answer.status, 200) << answer.body;
    if (i % 2) EXPECT_EQ(streamed_text(answer), "one two three");
  }
  server_.reset();
  EXPECT_TRUE(gateway_->wait_idle(std::chrono::seconds(20)));
}

}  // namespace
}  // namespace steward::gateway
