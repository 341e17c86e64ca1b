#include "steward/model/encoder/batching.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace steward::model {
namespace {

using Encoded = std::vector<std::vector<EncodedWindow>>;

/// One call of encode() that waits or runs. Lives on its caller's stack.
struct Ask {
  std::span<const std::string_view> texts;
  std::optional<Result<Encoded>> answer = std::nullopt;
  bool leads = false;  ///< its caller has a run and computes for others, too
  std::condition_variable wake = {};
};

class BatchingEncoder final : public Encoder {
 public:
  BatchingEncoder(std::shared_ptr<const Encoder> inner, const BatchingOptions& options)
      : inner_(std::move(inner)),
        runs_max_(options.runs_max > 0 ? options.runs_max : std::max(1, static_cast<int>(std::thread::hardware_concurrency()))),
        texts_max_(options.texts_max) {}

  std::size_t width() const override { return inner_->width(); }
  int layers() const override { return inner_->layers(); }
  const std::vector<int>& pooled_layers() const override { return inner_->pooled_layers(); }
  const std::string& digest() const override { return inner_->digest(); }
  const std::string& name() const override { return inner_->name(); }

  Result<Encoded> encode(std::span<const std::string_view> texts) const override {
    Ask ask{texts};
    std::unique_lock lock(mutex_);
    if (running_ < runs_max_) {
      ++running_;
      ask.leads = true;
    } else {
      waiting_.push_back(&ask);
      ask.wake.wait(lock, [&] { return ask.answer || ask.leads; });
    }
    if (ask.leads) lead(ask, lock);
    return *std::move(ask.answer);
  }

 private:
  /// Precondition: the lock is held, and `ask` has a run.
  void lead(Ask& ask, std::unique_lock<std::mutex>& lock) const {
    std::vector<Ask*> batch = {&ask};
    for (std::size_t texts = ask.texts.size(); !waiting_.empty() && texts + waiting_.front()->texts.size() <= texts_max_;) {
      batch.push_back(waiting_.front());
      waiting_.pop_front();
      texts += batch.back()->texts.size();
    }
    lock.unlock();
    std::vector<Result<Encoded>> answers = run(batch);
    lock.lock();
    for (std::size_t i = 0; i < batch.size(); ++i) {
      batch[i]->answer = std::move(answers[i]);
      if (batch[i] != &ask) batch[i]->wake.notify_one();  // under the lock: a caller that has its answer takes its Ask away
    }
    if (waiting_.empty()) {
      --running_;
      return;
    }
    Ask* next = waiting_.front();  // it gets this run
    waiting_.pop_front();
    next->leads = true;
    next->wake.notify_one();
  }

  /// An answer for each.
  std::vector<Result<Encoded>> run(const std::vector<Ask*>& batch) const {
    std::vector<Result<Encoded>> answers;
    std::vector<std::string_view> texts;
    for (const Ask* one : batch) texts.insert(texts.end(), one->texts.begin(), one->texts.end());
    Result<Encoded> all = inner_->encode(texts);
    if (batch.size() == 1) {
      answers.push_back(std::move(all));
    } else if (!all) {  // one of them may be what is wrong: each gets its own answer
      for (const Ask* one : batch) answers.push_back(inner_->encode(one->texts));
    } else {
      auto at = all->begin();
      for (const Ask* one : batch) {
        const auto end = at + static_cast<std::ptrdiff_t>(one->texts.size());
        answers.emplace_back(Encoded(std::make_move_iterator(at), std::make_move_iterator(end)));
        at = end;
      }
    }
    return answers;
  }

  const std::shared_ptr<const Encoder> inner_;  // shared as it came
  const int runs_max_;
  const std::size_t texts_max_;
  mutable std::mutex mutex_;
  mutable std::deque<Ask*> waiting_;
  mutable int running_ = 0;
};

}  // namespace

std::shared_ptr<const Encoder> make_batching(std::shared_ptr<const Encoder> encoder, const BatchingOptions& options) {
  return std::make_shared<const BatchingEncoder>(std::move(encoder), options);
}

}  // namespace steward::model
