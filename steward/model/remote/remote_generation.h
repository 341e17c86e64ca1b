#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "steward/model/language_model.h"
#include "steward/model/remote/remote_model.h"
#include "steward/model/remote/reply_stream.h"

namespace steward::model {

/// What a remote model shares with its generations. Thread-safe.
struct Upstream {
  Upstream(const RemoteOptions& given, const Clock& clock, std::unique_ptr<net::Client> its_client)
      : options(given), breaker(given.breaker, clock), backoff(given.retry), client(std::move(its_client)) {}

  const RemoteOptions options;
  net::Breaker breaker;
  net::Backoff backoff;
  const std::unique_ptr<net::Client> client;
};

/// One reply of an upstream on its way to a sink. Everything on the call's thread.
class RemoteGeneration final : public net::ReplyHandler {
 public:
  RemoteGeneration(std::shared_ptr<Upstream> upstream, ReplyStream::Expected expected, Sink sink)
      : upstream_(std::move(upstream)), expected_(std::move(expected)), sink_(std::move(sink)) {}

  void on_head(net::ClientCall& call, const net::ReplyHead& head) override;
  void on_body(net::ClientCall& call, std::string_view bytes) override;
  std::optional<std::chrono::milliseconds> retry_after(const Result<void>& result, net::CallProgress progress) override;
  void on_done(Result<void> result, net::CallProgress progress) override;
  bool is_finished() const { return finished_; }

 private:
  enum class Outcome { kAnswered, kFailed, kAbandoned };
  void refuse(net::ClientCall& call, Error error);
  void finish(Outcome outcome, Result<FinishReason> reason);
  void complete();
  void report(Outcome outcome);
  Error error_of_status() const;

  const std::shared_ptr<Upstream> upstream_;  // shared with the model and its other generations
  const ReplyStream::Expected expected_;
  Sink sink_;
  std::optional<ReplyStream> stream_;
  int status_ = 0;
  int retries_ = 0;
  bool reported_ = false;  ///< the attempt's outcome, to the breaker
  std::optional<std::chrono::seconds> asked_delay_;
  std::string error_body_;
  std::atomic<bool> finished_{false};
};

}  // namespace steward::model
