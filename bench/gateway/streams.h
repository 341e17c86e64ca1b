#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/gateway/mock_upstream.h"

namespace steward::bench {

/// For each byte of a streamed reply, the upstream delta that made its release possible. A gateway that holds nothing releases each byte
/// with the delta that brings it; a guarded one with a later delta, always the same for the same text and the same deltas.
using Schedule = std::vector<std::size_t>;

struct StreamOptions {
  std::uint16_t port = 0;  ///< of the gateway, whose upstream is `mock`
  std::string model = "mock";
  int lanes = 1;  ///< streams side by side
  double seconds = 1;
};

struct StreamResult {
  std::int64_t streams = 0;
  std::int64_t deltas = 0;  ///< that the upstream sent in them
  std::int64_t failed = 0;
  std::int64_t early = 0;                ///< releases before their delta was sent: the schedule is wrong if there are any
  std::vector<std::int64_t> delays_ns;   ///< from the sending of a delta to the receipt of what it released, sorted
  std::vector<std::int64_t> held_bytes;  ///< after each delta: sent by the upstream and not yet receivable, sorted
  Schedule schedule;                     ///< measured; empty unless learnt
};

/// Learns the schedule from streams with a gap that is long beside any delay.
StreamResult learn_schedule(MockUpstream& mock, const StreamOptions& options);
StreamResult run_streams(MockUpstream& mock, const StreamOptions& options, const Schedule& schedule);

}  // namespace steward::bench
