#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace steward::gateway {

/// Runs jobs one after the other, in order, on whatever thread the executor offers. Thread-safe.
class Serial : public std::enable_shared_from_this<Serial> {
 public:
  using Executor = std::function<void(std::function<void()>)>;
  explicit Serial(Executor executor) : executor_(std::move(executor)) {}

  void post(std::function<void()> job) {
    {
      const std::lock_guard lock(mutex_);
      jobs_.push_back(std::move(job));
      if (std::exchange(running_, true)) return;
    }
    executor_([self = shared_from_this()] { self->drain(); });
  }

 private:
  void drain() {
    while (true) {
      std::vector<std::function<void()>> jobs;
      {
        const std::lock_guard lock(mutex_);
        jobs.swap(jobs_);
        if (jobs.empty()) {
          running_ = false;
          return;
        }
      }
      for (auto& job : jobs) job();
    }
  }

  const Executor executor_;
  std::mutex mutex_;
  bool running_ = false;
  std::vector<std::function<void()>> jobs_;
};

}  // namespace steward::gateway
