#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "steward/gateway/access.h"
#include "steward/gateway/erased_subjects.h"
#include "steward/gateway/gateway.h"
#include "steward/gateway/metrics.h"

namespace steward::gateway {

struct Gateway::State {
  State(const GatewayParts& given_parts, const GatewayOptions& given_options)
      : parts(given_parts),
        options(given_options),
        access(given_options.access, given_parts.clock),
        metrics(std::make_shared<Metrics>()),
        started_us(given_parts.clock.now_us()) {}

  const GatewayParts parts;
  const GatewayOptions options;
  Access access;
  const std::shared_ptr<Metrics> metrics;  // shared with calls, which count their answers
  const std::int64_t started_us;
  std::atomic<bool> ready{true};
  std::atomic<bool> ledger_works{true};  ///< the last append succeeded
  ErasedSubjects erased;
  std::mutex mutex;
  std::condition_variable idle;
  int turns_open = 0;
};

}  // namespace steward::gateway
