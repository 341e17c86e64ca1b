#include "steward/net/loop.h"

#include <optional>
#include <utility>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace steward::net {
namespace {

thread_local Loop* running_loop = nullptr;
/// Jobs given by jobs, in one go; then the other events have their turn.
constexpr int kRoundsMax = 16;

}  // namespace

struct Loop::State {
  boost::asio::io_context context{1};
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work{context.get_executor()};
  std::mutex mutex;
  bool finished = false;
  std::vector<std::function<void()>> soon;       ///< of the loop's thread
  std::vector<std::function<void()>> last_jobs;  // of the loop's thread
  bool last_jobs_ran = false;                    // of the loop's thread
};

Loop::Loop() : state_(std::make_unique<State>()) {}
Loop::~Loop() = default;

void Loop::run() {
  running_loop = this;
  while (state_->context.run_one() > 0) run_soon();
  running_loop = nullptr;
}

void Loop::run_soon() {
  std::vector<std::function<void()>>& soon = state_->soon;
  std::vector<std::function<void()>> jobs;
  for (int round = 0; !soon.empty(); ++round) {
    if (round == kRoundsMax) return boost::asio::post(state_->context, [] {});  // whose end comes back here
    jobs.clear();
    jobs.swap(soon);
    for (auto& job : jobs) job();
  }
}

bool Loop::soon(std::function<void()> job) {
  if (running_loop != this) return post(std::move(job));
  state_->soon.push_back(std::move(job));
  return true;
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
