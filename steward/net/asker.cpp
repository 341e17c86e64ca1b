#include "steward/net/asker.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "steward/net/loop.h"

namespace steward::net {

namespace {

/// What the attempts of all calls share.
struct Attempts {
  Attempts(const AskerOptions& options, const Clock& clock) : breaker(options.breaker, clock), backoff(options.retry) {}
  Breaker breaker;
  Backoff backoff;
};

}  // namespace

struct Asker::State {
  State(AskerOptions given, const Clock& clock, std::unique_ptr<Client> its_client)
      : options(std::move(given)), attempts(std::make_shared<Attempts>(options, clock)), client(std::move(its_client)) {}

  const AskerOptions options;
  const std::shared_ptr<Attempts> attempts;  // shared with calls that were given up
  const std::unique_ptr<Client> client;
};

namespace {

constexpr std::size_t kAtOnce = 8;

enum class Outcome { kAnswered, kFailed, kAbandoned };

/// What the calls of one ask() wait for.
struct Waiting {
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t open = 0;  ///< calls that are not done
};

/// One call: gathers the whole answer. The caller's thread reads it once it is done.
class Answer final : public ReplyHandler {
 public:
  Answer(std::shared_ptr<Waiting> waiting, std::shared_ptr<Attempts> attempts)
      : waiting_(std::move(waiting)), attempts_(std::move(attempts)) {}

  void on_head(ClientCall&, const ReplyHead& head) override {
    status_ = head.status;
    asked_delay_ = read_retry_after(head.retry_after);
    body_.clear();
  }
  void on_body(ClientCall&, std::string_view bytes) override { body_ += bytes; }
  std::optional<std::chrono::milliseconds> retry_after(const Result<void>&, CallProgress progress) override {
    const bool busy = progress == CallProgress::kReplying && is_busy(status_);
    if (progress != CallProgress::kConnecting && !busy) return std::nullopt;
    const auto delay = attempts_->backoff.before(retries_, busy ? asked_delay_ : std::nullopt);
    if (!delay) return std::nullopt;
    // An attempt is over; the breaker has the word about the next one.
    const std::lock_guard lock(waiting_->mutex);
    if (reported_) return std::nullopt;
    tell(busy && status_ == 429 ? Outcome::kAnswered : Outcome::kFailed);
    reported_ = !attempts_->breaker.may_ask();
    ++retries_;
    return reported_ ? std::nullopt : delay;
  }
  void on_done(Result<void> result, CallProgress) override {
    const std::lock_guard lock(waiting_->mutex);
    result_ = std::move(result);
    done_ = true;
    --waiting_->open;
    waiting_->changed.notify_all();
  }

  /// What follows is for the caller's thread: is_done() and report() with the lock held, the rest once it is done.
  bool is_done() const { return done_; }
  void report(Outcome outcome) {
    if (!std::exchange(reported_, true)) tell(outcome);
  }
  const Result<void>& result() const { return result_; }
  int status() const { return status_; }
  std::string_view body() const { return body_; }

 private:
  void tell(Outcome outcome) {
    if (outcome == Outcome::kAnswered) attempts_->breaker.answered();
    if (outcome == Outcome::kFailed) attempts_->breaker.failed();
    if (outcome == Outcome::kAbandoned) attempts_->breaker.abandoned();
  }

  const std::shared_ptr<Waiting> waiting_;    // shared with the other calls and with who waits
  const std::shared_ptr<Attempts> attempts_;  // shared with all calls
  int status_ = 0;
  int retries_ = 0;
  std::optional<std::chrono::seconds> asked_delay_;
  std::string body_;
  Result<void> result_;
  bool done_ = false;
  bool reported_ = false;
};

Error error_of_status(int status, const std::string& name) {
  if (status == 401 || status == 403)
    return {ErrorCode::kUnavailable, fmt::format("{} does not accept the key ({}): check api_key_env or api_key_file", name, status), ""};
  if (status == 413) return {ErrorCode::kTooLarge, name + " finds the request too large", ""};
  if (status == 429) return {ErrorCode::kResourceExhausted, name + " takes no more requests now", ""};
  if (status >= 400 && status < 500)
    return {ErrorCode::kInvalidInput, fmt::format("{} refused the request ({}): check its url and model", name, status), ""};
  return {ErrorCode::kUnavailable, fmt::format("{} failed ({})", name, status), ""};
}

/// Reads one answer that has come.
Result<void> read_answer(const Answer& answer, const Question& question, const std::string& name) {
  if (!answer.result()) {
    const Error& error = answer.result().error();
    return fail(error.code, fmt::format("{}: {}", name, error.message));
  }
  if (answer.status() < 200 || answer.status() > 299) return fail(error_of_status(answer.status(), name));
  auto read = question.read(answer.body());
  if (!read) return fail(read.error().code, fmt::format("{}: {}", name, read.error().message));
  return {};
}

Outcome outcome_of(const Answer& answer, const Result<void>& read) {
  const bool refused = answer.result() && answer.status() >= 400 && answer.status() < 500;
  return read || refused ? Outcome::kAnswered : Outcome::kFailed;
}

/// The calls that were started for some questions.
class Round {
 public:
  ~Round() { give_up(Outcome::kAbandoned); }
  Round() = default;
  Round(const Round&) = delete;
  Round& operator=(const Round&) = delete;

  Result<void> start(Client& client, const Question& question, std::shared_ptr<Attempts> attempts) {
    auto answer = std::make_shared<Answer>(waiting_, std::move(attempts));
    {
      const std::lock_guard lock(waiting_->mutex);
      ++waiting_->open;
    }
    auto call = client.start(question.request, answer);
    if (!call) {
      const std::lock_guard lock(waiting_->mutex);
      --waiting_->open;
      answer->report(Outcome::kAbandoned);
      return fail(std::move(call).error());
    }
    answers_.push_back(std::move(answer));
    calls_.push_back(std::move(*call));
    return {};
  }
  /// False if the time was over first.
  bool wait(std::chrono::steady_clock::time_point until) {
    std::unique_lock lock(waiting_->mutex);
    return waiting_->changed.wait_until(lock, until, [this] { return waiting_->open == 0; });
  }
  /// Ends the calls that are not done; those that are have been reported.
  void give_up(Outcome outcome) {
    std::vector<std::shared_ptr<ClientCall>> unfinished;
    {
      const std::lock_guard lock(waiting_->mutex);
      for (std::size_t i = 0; i < answers_.size(); ++i) {
        answers_[i]->report(outcome);
        if (!answers_[i]->is_done()) unfinished.push_back(calls_[i]);
      }
    }
    for (const auto& call : unfinished) call->cancel();
  }
  std::size_t size() const { return answers_.size(); }
  Answer& answer(std::size_t i) { return *answers_[i]; }

 private:
  const std::shared_ptr<Waiting> waiting_ = std::make_shared<Waiting>();  // shared with the calls
  std::vector<std::shared_ptr<Answer>> answers_;
  std::vector<std::shared_ptr<ClientCall>> calls_;
};

/// A call works on the loop of the thread that starts it: one that waits must not be that thread.
template <class Job>
void off_the_loop(Job job) {
  if (!Loop::current()) return job();
  std::thread(job).join();
}

}  // namespace

Result<std::unique_ptr<Asker>> Asker::open(AskerOptions options, const Clock& clock) {
  auto client = TRY(Client::open(options.client));
  return std::unique_ptr<Asker>(new Asker(std::make_unique<State>(std::move(options), clock, std::move(client))));
}

Asker::Asker(std::unique_ptr<State> state) : state_(std::move(state)) {}

Asker::~Asker() { state_->client->close(); }

Breaker::State Asker::breaker_state() const { return state_->attempts->breaker.state(); }

Result<void> Asker::ask(const std::vector<Question>& questions) {
  const auto until = std::chrono::steady_clock::now() + state_->options.timeout;
  const std::string& name = state_->options.name;
  for (std::size_t next = 0; next < questions.size();) {
    Round round;
    Result<void> started;
    off_the_loop([&] {
      // An open breaker lets one question try; the others follow once it was answered.
      for (std::size_t i = next; i < questions.size() && i < next + kAtOnce && started && state_->attempts->breaker.may_ask(); ++i)
        started = round.start(*state_->client, questions[i], state_->attempts);
    });
    if (!started) return fail(started.error().code, fmt::format("{}: {}", name, started.error().message));
    if (round.size() == 0)
      return fail(ErrorCode::kUnavailable,
                  fmt::format("{} fails; it will be asked again in {} s", name, state_->attempts->breaker.wait().count() / 1000 + 1));
    if (!round.wait(until)) {
      round.give_up(Outcome::kFailed);
      return fail(ErrorCode::kDeadlineExceeded,
                  fmt::format("{} did not answer within its timeout_ms of {}", name, state_->options.timeout.count()));
    }
    for (std::size_t i = 0; i < round.size(); ++i, ++next) {
      Answer& answer = round.answer(i);
      auto read = read_answer(answer, questions[next], name);
      answer.report(outcome_of(answer, read));
      if (!read) return read;
    }
  }
  return {};
}

}  // namespace steward::net
