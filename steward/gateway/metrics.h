#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace steward::gateway {

/// Counters for Prometheus. Labels come from closed sets only, never from a request. Thread-safe.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  void request(std::string_view route, int status);
  void turn_opened();
  void turn_closed(std::string_view state, double seconds, int prompt_tokens, int completion_tokens);
  void first_byte(double seconds);
  void decision(std::string_view direction, std::string_view action);
  void guard_time(std::string_view direction, double seconds);
  void held_bytes(double bytes);
  void ledger_failure();
  /// Of the workers (workers.h).
  void jobs_waiting(int change);
  void job(std::string_view kind, double waited_seconds);
  void job_refused();
  /// Text exposition format 0.0.4.
  std::string expose() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace steward::gateway
