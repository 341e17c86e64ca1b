#include "steward/gateway/workers.h"

#include <algorithm>
#include <utility>

#include "steward/core/clock.h"

namespace steward::gateway {
namespace {

int threads_of(const WorkerOptions& options) {
  if (options.threads > 0) return options.threads;
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()) - 1);
}

std::string_view name_of(Workers::Kind kind) {
  switch (kind) {
    case Workers::Kind::kInput:
      return "input";
    case Workers::Kind::kOutput:
      return "output";
    case Workers::Kind::kText:
      return "text";
  }
  return "text";
}

}  // namespace

Workers::Workers(const WorkerOptions& options, std::shared_ptr<Metrics> metrics)
    : threads_max_(threads_of(options)),
      queued_max_(static_cast<std::size_t>(std::max(1, options.queued_max))),
      metrics_(std::move(metrics)) {}

bool Workers::admit(Kind kind, Job job) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || first_waiting_ >= queued_max_) {
    metrics_->job_refused();
    return false;
  }
  ++first_waiting_;
  push({std::move(job), kind, steady_ns(), true});
  return true;
}

void Workers::add(Kind kind, Job job) {
  const std::lock_guard lock(mutex_);
  if (!stopped_) push({std::move(job), kind, steady_ns(), false});
}

/// Precondition: the lock is held.
void Workers::push(Waiting waiting) {
  (waiting.kind == Kind::kOutput ? outputs_ : others_).push_back(std::move(waiting));
  metrics_->jobs_waiting(1);
  if (!stopping_ && outputs_.size() + others_.size() > idle_ && threads_.size() < static_cast<std::size_t>(threads_max_))
    threads_.emplace_back([this] { work(); });
  else
    wake_.notify_one();
}

void Workers::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    while (outputs_.empty() && others_.empty()) {
      if (stopping_) return;
      ++idle_;
      wake_.wait(lock);
      --idle_;
    }
    std::deque<Waiting>& from = outputs_.empty() ? others_ : outputs_;
    Waiting next = std::move(from.front());
    from.pop_front();
    if (next.first) --first_waiting_;
    lock.unlock();
    metrics_->jobs_waiting(-1);
    metrics_->job(name_of(next.kind), static_cast<double>(steady_ns() - next.since_ns) * 1e-9);
    next.job();
    next.job = nullptr;  // with all that it holds, before the lock
    lock.lock();
  }
}

void Workers::stop() {
  std::vector<std::thread> ending;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    ending.swap(threads_);
  }
  wake_.notify_all();
  for (std::thread& thread : ending) thread.join();
  std::deque<Waiting> late[2];  // given when no thread was left to take it; ends after the lock, with all that it holds
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  late[0].swap(outputs_);
  late[1].swap(others_);
}

Error guard_queue_full() { return {ErrorCode::kUnavailable, "too many requests wait to be checked: try again later", ""}; }

}  // namespace steward::gateway
