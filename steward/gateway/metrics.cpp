#include "steward/gateway/metrics.h"

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
const Histogram::BucketBoundaries kGuardSeconds = {1e-6, 5e-6, 2e-5, 1e-4, 1e-3, 1e-2, 0.1};
const Histogram::BucketBoundaries kBytes = {0, 8, 24, 64, 256, 1024, 4096};

}  // namespace

struct Metrics::State {
  prometheus::Registry registry;
  Family<Counter>& requests = prometheus::BuildCounter().Name("steward_requests_total").Help("Answered requests").Register(registry);
  Family<Counter>& turns = prometheus::BuildCounter().Name("steward_turns_total").Help("Closed turns by end state").Register(registry);
  Family<Counter>& decisions = prometheus::BuildCounter().Name("steward_decisions_total").Help("Guard decisions").Register(registry);
  Family<Counter>& tokens = prometheus::BuildCounter().Name("steward_tokens_total").Help("Model tokens").Register(registry);
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
  Family<Histogram>& guard = prometheus::BuildHistogram().Name("steward_guard_seconds").Help("Guard time a turn").Register(registry);
  Histogram& held =
      prometheus::BuildHistogram().Name("steward_held_bytes").Help("Most bytes held back in a turn").Register(registry).Add({}, kBytes);
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

void Metrics::request(std::string_view route, int status) {
  state_->requests.Add({{"route", std::string(route)}, {"status", std::to_string(status)}}).Increment();
}
void Metrics::turn_opened() { state_->open.Increment(); }
void Metrics::turn_closed(std::string_view state, double seconds, int prompt_tokens, int completion_tokens) {
  state_->open.Decrement();
  state_->turns.Add({{"state", std::string(state)}}).Increment();
  state_->turn_seconds.Observe(seconds);
  state_->tokens.Add({{"kind", "prompt"}}).Increment(prompt_tokens);
  state_->tokens.Add({{"kind", "completion"}}).Increment(completion_tokens);
}
void Metrics::first_byte(double seconds) { state_->first_byte.Observe(seconds); }
void Metrics::decision(std::string_view direction, std::string_view action) {
  state_->decisions.Add({{"direction", std::string(direction)}, {"action", std::string(action)}}).Increment();
}
void Metrics::guard_time(std::string_view direction, double seconds) {
  state_->guard.Add({{"direction", std::string(direction)}}, kGuardSeconds).Observe(seconds);
}
void Metrics::held_bytes(double bytes) { state_->held.Observe(bytes); }
void Metrics::ledger_failure() { state_->ledger_failures.Increment(); }

std::string Metrics::expose() const { return prometheus::TextSerializer().Serialize(state_->registry.Collect()); }

}  // namespace steward::gateway
