#include "steward/gateway/metrics.h"

#include <array>
#include <functional>
#include <map>
#include <shared_mutex>
#include <utility>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace steward::gateway {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Histogram;

const Histogram::BucketBoundaries kSeconds = {0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60};
const Histogram::BucketBoundaries kGuardSeconds = {1e-6, 5e-6, 2e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10};
const Histogram::BucketBoundaries kBytes = {0, 8, 24, 64, 256, 1024, 4096};

/// The metrics of a family by up to two labels that it has met: the library builds and hashes a map of strings for each look-up.
template <typename Metric>
class ByLabels {
 public:
  using Names = std::pair<std::string_view, std::string_view>;
  using Values = std::pair<std::string, std::string>;
  /// Of one label when the second name is empty. `more` is what the metric is made with.
  template <typename... More>
  ByLabels(Family<Metric>& family, Names names, More... more)
      : make_([&family, names, more...](const Values& values) {
          prometheus::Labels labels{{std::string(names.first), values.first}};
          if (!names.second.empty()) labels.emplace(names.second, values.second);
          return &family.Add(labels, more...);
        }) {}

  Metric& of(std::string_view first, std::string_view second = {}) {
    const Names key(first, second);
    {
      const std::shared_lock lock(mutex_);
      if (const auto found = known_.find(key); found != known_.end()) return *found->second;
    }
    const std::unique_lock lock(mutex_);
    return *known_.emplace(key, make_(Values(key))).first->second;
  }

 private:
  struct Less {
    using is_transparent = void;
    bool operator()(const auto& a, const auto& b) const { return Names(a) < Names(b); }
  };
  const std::function<Metric*(const Values&)> make_;
  std::shared_mutex mutex_;
  std::map<Values, Metric*, Less> known_;
};

std::string_view status_text(int status) {
  static const auto texts = [] {
    std::array<std::string, 600> out;
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = std::to_string(i);
    return out;
  }();
  return texts.at(static_cast<std::size_t>(status));
}

}  // namespace

struct Metrics::State {
  prometheus::Registry registry;
  ByLabels<Counter> requests{prometheus::BuildCounter().Name("steward_requests_total").Help("Answered requests").Register(registry),
                             {"route", "status"}};
  ByLabels<Counter> turns{prometheus::BuildCounter().Name("steward_turns_total").Help("Closed turns by end state").Register(registry),
                          {"state", ""}};
  ByLabels<Counter> decisions{prometheus::BuildCounter().Name("steward_decisions_total").Help("Guard decisions").Register(registry),
                              {"direction", "action"}};
  ByLabels<Counter> tokens{prometheus::BuildCounter().Name("steward_tokens_total").Help("Model tokens").Register(registry), {"kind", ""}};
  Counter& ledger_failures =
      prometheus::BuildCounter().Name("steward_ledger_failures_total").Help("Failed ledger appends").Register(registry).Add({});
  prometheus::Gauge& open = prometheus::BuildGauge().Name("steward_turns_open").Help("Turns under way").Register(registry).Add({});
  Histogram& turn_seconds =
      prometheus::BuildHistogram().Name("steward_turn_seconds").Help("From request to last byte").Register(registry).Add({}, kSeconds);
  Histogram& first_byte = prometheus::BuildHistogram()
                              .Name("steward_first_byte_seconds")
                              .Help("From request to first text")
                              .Register(registry)
                              .Add({}, kSeconds);
  ByLabels<Histogram> guard{prometheus::BuildHistogram().Name("steward_guard_seconds").Help("Guard time a turn").Register(registry),
                            {"direction", ""},
                            kGuardSeconds};
  ByLabels<Counter> jobs{
      prometheus::BuildCounter().Name("steward_guard_jobs_total").Help("Jobs of slow guards, on workers").Register(registry), {"kind", ""}};
  Counter& jobs_refused = prometheus::BuildCounter()
                              .Name("steward_guard_jobs_refused_total")
                              .Help("Requests turned away because the workers' queue was full")
                              .Register(registry)
                              .Add({});
  prometheus::Gauge& queue_depth =
      prometheus::BuildGauge().Name("steward_guard_queue_depth").Help("Jobs that wait for a worker").Register(registry).Add({});
  Histogram& queue_seconds = prometheus::BuildHistogram()
                                 .Name("steward_guard_queue_seconds")
                                 .Help("From a job to its worker")
                                 .Register(registry)
                                 .Add({}, kGuardSeconds);
  Histogram& held =
      prometheus::BuildHistogram().Name("steward_held_bytes").Help("Most bytes held back in a turn").Register(registry).Add({}, kBytes);
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

void Metrics::request(std::string_view route, int status) { state_->requests.of(route, status_text(status)).Increment(); }
void Metrics::turn_opened() { state_->open.Increment(); }
void Metrics::turn_closed(std::string_view state, double seconds, int prompt_tokens, int completion_tokens) {
  state_->open.Decrement();
  state_->turns.of(state).Increment();
  state_->turn_seconds.Observe(seconds);
  state_->tokens.of("prompt").Increment(prompt_tokens);
  state_->tokens.of("completion").Increment(completion_tokens);
}
void Metrics::first_byte(double seconds) { state_->first_byte.Observe(seconds); }
void Metrics::decision(std::string_view direction, std::string_view action) { state_->decisions.of(direction, action).Increment(); }
void Metrics::guard_time(std::string_view direction, double seconds) { state_->guard.of(direction).Observe(seconds); }
void Metrics::held_bytes(double bytes) { state_->held.Observe(bytes); }
void Metrics::jobs_waiting(int change) { state_->queue_depth.Increment(change); }
void Metrics::job(std::string_view kind, double waited_seconds) {
  state_->jobs.of(kind).Increment();
  state_->queue_seconds.Observe(waited_seconds);
}
void Metrics::job_refused() { state_->jobs_refused.Increment(); }
void Metrics::ledger_failure() { state_->ledger_failures.Increment(); }

std::string Metrics::expose() const { return prometheus::TextSerializer().Serialize(state_->registry.Collect()); }

}  // namespace steward::gateway
