#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "steward/gateway/access.h"
#include "steward/gateway/erased_subjects.h"
#include "steward/gateway/gateway.h"
#include "steward/gateway/metrics.h"
#include "steward/gateway/workers.h"

namespace steward::gateway {

struct Gateway::State {
  State(const GatewayParts& given_parts, const GatewayOptions& given_options)
      : parts(given_parts),
        options(given_options),
        access(given_options.access, given_parts.clock),
        metrics(std::make_shared<Metrics>()),
        workers(given_options.workers, metrics),
        started_us(given_parts.clock.now_us()) {}

  const GatewayParts parts;
  const GatewayOptions options;
  Access access;
  const std::shared_ptr<Metrics> metrics;  // shared with calls, which count their answers
  Workers workers;
  const std::int64_t started_us;
  std::atomic<bool> ready{true};
  std::atomic<bool> ledger_works{true};  ///< the last append succeeded
  ErasedSubjects erased;
  std::mutex mutex;
  std::condition_variable idle;
  int under_way = 0;  ///< turns, checks and erasures
};

/// One turn, the checks of one request or an erasure, from its begin to the end of all that works on it: Gateway::wait_idle waits for it.
class UnderWay {
 public:
  explicit UnderWay(std::shared_ptr<Gateway::State> state) : state_(std::move(state)) {
    const std::lock_guard lock(state_->mutex);
    ++state_->under_way;
  }
  ~UnderWay() {
    const std::lock_guard lock(state_->mutex);
    if (--state_->under_way == 0) state_->idle.notify_all();
  }
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;

 private:
  const std::shared_ptr<Gateway::State> state_;  // shared: whoever waits may destroy the gateway as soon as this is gone
};

}  // namespace steward::gateway
