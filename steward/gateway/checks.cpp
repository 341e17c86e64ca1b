#include "steward/gateway/checks.h"

#include <algorithm>
#include <atomic>
#include <utility>

namespace steward::gateway {
namespace {

using Then = std::function<void(Call, std::vector<guard::Decision>)>;

/// The checks of one request on the workers: as many lanes as may be, each of which takes one check after the other and lets others have
/// their turn in between.
class Batch : public std::enable_shared_from_this<Batch> {
 public:
  Batch(const StatePointer& state, Call call, Checks checks, Then then)
      : under_way_(state),
        state_(state),
        call_(std::move(call)),
        checks_(std::move(checks)),
        then_(std::move(then)),
        decisions_(checks_.count),
        left_(checks_.count) {}

  void start() {
    call_.responder->on_closed([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->gone_ = true;
    });
    const std::size_t lanes = std::min(checks_.count, static_cast<std::size_t>(state_->workers.threads()));
    next_ = lanes;
    if (!state_->workers.admit(Workers::Kind::kText, job(0))) return call_.send_error(guard_queue_full());
    for (std::size_t i = 1; i < lanes; ++i) state_->workers.add(Workers::Kind::kText, job(i));
  }

 private:
  Workers::Job job(std::size_t index) {
    return [self = shared_from_this(), index] { self->run(index); };
  }

  void run(std::size_t index) {
    if (gone_) return;
    decisions_[index] = checks_.check(index);
    if (--left_ == 0) {
      const auto responder = call_.responder;  // end() gives the call away
      return responder->post([self = shared_from_this()] { self->end(); });
    }
    if (const std::size_t next = next_++; next < checks_.count) state_->workers.add(Workers::Kind::kText, job(next));
  }

  void end() {
    if (gone_) return;
    call_.responder->on_closed(nullptr);
    then_(std::move(call_), std::move(decisions_));
  }

  const UnderWay under_way_;
  const StatePointer state_;
  Call call_;
  const Checks checks_;
  const Then then_;
  std::vector<guard::Decision> decisions_;  ///< each written by the job of its index
  std::atomic<std::size_t> next_{0}, left_;
  std::atomic<bool> gone_{false};
};

}  // namespace

void run_checks(const StatePointer& state, Call call, Checks checks, Then then) {
  if (checks.guard->slow()) return std::make_shared<Batch>(state, std::move(call), std::move(checks), std::move(then))->start();
  std::vector<guard::Decision> decisions;
  for (std::size_t i = 0; i < checks.count; ++i) decisions.push_back(checks.check(i));
  then(std::move(call), std::move(decisions));
}

}  // namespace steward::gateway
