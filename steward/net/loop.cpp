#include "steward/net/loop.h"

#include <optional>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace steward::net {
namespace {

thread_local Loop* running_loop = nullptr;

}  // namespace

struct Loop::State {
  boost::asio::io_context context{1};
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work{context.get_executor()};
  std::mutex mutex;
  bool finished = false;
  std::vector<std::function<void()>> last_jobs;  // of the loop's thread
  bool last_jobs_ran = false;                    // of the loop's thread
};

Loop::Loop() : state_(std::make_unique<State>()) {}
Loop::~Loop() = default;

void Loop::run() {
  running_loop = this;
  state_->context.run();
  running_loop = nullptr;
}

bool Loop::post(std::function<void()> job) {
  // Under the lock, so that whatever is taken before finish() is also run.
  const std::lock_guard lock(state_->mutex);
  if (state_->finished) return false;
  boost::asio::post(state_->context, std::move(job));
  return true;
}

void Loop::finish() {
  const std::lock_guard lock(state_->mutex);
  if (state_->finished) return;
  state_->finished = true;
  boost::asio::post(state_->context, [this] { run_last_jobs(); });
  state_->work.reset();
}

void Loop::run_last_jobs() {
  state_->last_jobs_ran = true;
  const auto jobs = std::move(state_->last_jobs);
  state_->last_jobs.clear();
  for (const auto& job : jobs) job();
}

bool Loop::on_finish(std::function<void()> job) {
  if (state_->last_jobs_ran) return false;
  state_->last_jobs.push_back(std::move(job));
  return true;
}

boost::asio::io_context& Loop::context() { return state_->context; }

Loop* Loop::current() { return running_loop; }

}  // namespace steward::net
