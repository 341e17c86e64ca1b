#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "steward/core/result.h"
#include "steward/gateway/metrics.h"

namespace steward::gateway {

struct WorkerOptions {
  int threads = 0;       ///< 0: the machine's cores minus one, at least one
  int queued_max = 256;  ///< requests that may wait for their first job; beyond it they are refused
};

/// Threads for guards that are slow (guard::Guard::slow), which begin with the first job. They hold nothing that an I/O thread, a
/// model's engine or the ledger waits for, so that a job may wait for any of these. Thread-safe.
class Workers {
 public:
  using Job = std::function<void()>;
  /// What a job does, for metrics; outputs go before all else, for a model and a client wait for them.
  enum class Kind { kInput, kOutput, kText };

  Workers(const WorkerOptions& options, std::shared_ptr<Metrics> metrics);
  ~Workers() { stop(); }
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  /// The first job of a request. False, and the job is not taken, when as many as may wait already do.
  bool admit(Kind kind, Job job);
  /// A later job of a request that was admitted: it always has a place, because each request has only so many under way.
  void add(Kind kind, Job job);
  /// Runs what waits, then ends the threads. What comes later is dropped unrun. Not to be called by a job.
  void stop();
  int threads() const { return threads_max_; }

 private:
  struct Waiting {
    Job job;
    Kind kind;
    std::int64_t since_ns;
    bool first;  ///< of its request: counts against queued_max
  };
  void push(Waiting waiting);
  void work();

  const int threads_max_;
  const std::size_t queued_max_;
  const std::shared_ptr<Metrics> metrics_;  // shared with the gateway, whose other parts count, too
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Waiting> outputs_, others_;
  std::size_t first_waiting_ = 0;
  std::size_t idle_ = 0;
  bool stopping_ = false;  ///< the threads end when nothing waits
  bool stopped_ = false;   ///< they have ended
  std::vector<std::thread> threads_;
};

/// What a request is told that Workers::admit turned away.
Error guard_queue_full();

}  // namespace steward::gateway
