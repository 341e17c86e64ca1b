#include "steward/net/loop.h"

#include <optional>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace steward::net {

struct Loop::State {
  boost::asio::io_context context{1};
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work{context.get_executor()};
  std::mutex mutex;
  bool finished = false;
};

Loop::Loop() : state_(std::make_unique<State>()) {}
Loop::~Loop() = default;

void Loop::run() { state_->context.run(); }

bool Loop::post(std::function<void()> job) {
  // Under the lock, so that whatever is taken before finish() is also run.
  const std::lock_guard lock(state_->mutex);
  if (state_->finished) return false;
  boost::asio::post(state_->context, std::move(job));
  return true;
}

void Loop::finish() {
  const std::lock_guard lock(state_->mutex);
  state_->finished = true;
  state_->work.reset();
}

boost::asio::io_context& Loop::context() { return state_->context; }

}  // namespace steward::net
