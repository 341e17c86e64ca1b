#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "steward/core/clock.h"
#include "steward/net/breaker.h"
#include "steward/net/client.h"
#include "steward/net/retry.h"

namespace steward::net {

struct AskerOptions {
  std::string name;  ///< what errors call the server
  ClientOptions client;
  RetryOptions retry;
  Breaker::Options breaker;
  std::chrono::milliseconds timeout{2'000};  ///< for one ask(), with its retries
};

/// One request, and who reads the whole body of its answer (200 to 299). The reader fails with kUnavailable if that is no answer.
struct Question {
  ClientRequest request;
  std::function<Result<void>(std::string_view body)> read;
};

/// Asks one server and waits: for threads that may wait. With deadline, retries and a circuit breaker. Thread-safe.
class Asker {
 public:
  /// The clock, a steady one that outlives it, is the breaker's. Errors: as Client::open().
  static Result<std::unique_ptr<Asker>> open(AskerOptions options, const Clock& clock);
  ~Asker();
  /// Asks all questions, several at once, and blocks until all are answered, one failed, or the time is over. The readers are called in
  /// order on the caller's thread, none once one failed.
  /// Errors: kDeadlineExceeded; kUnavailable (no connection, garbage, 5xx, a key that is not accepted, an open breaker);
  /// kResourceExhausted (429, or too many wait); kInvalidInput and kTooLarge (the server refuses the request); the reader's own. They never
  /// hold the server's words, which could quote the user.
  Result<void> ask(const std::vector<Question>& questions);
  Breaker::State breaker_state() const;

 private:
  struct State;
  explicit Asker(std::unique_ptr<State> state);
  const std::unique_ptr<State> state_;
};

}  // namespace steward::net
