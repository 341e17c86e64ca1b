#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "steward/core/clock.h"
#include "steward/guard/filter.h"
#include "steward/guard/finding.h"
#include "steward/guard/lap_timer.h"
#include "steward/policy/policy.h"

namespace steward::guard {

/// A filter with the policy's wiring of it.
struct Detector {
  const policy::FilterSpec* spec;  ///< in the policy, which outlives this
  std::unique_ptr<Filter> filter;

  bool works_on(policy::Direction direction) const { return direction == policy::Direction::kInput ? spec->on_input : spec->on_output; }
  /// As works_on(), for a filter whose findings count.
  bool decides_on(policy::Direction direction) const { return works_on(direction) && !spec->shadow; }
  bool reads(std::string_view role) const;
  bool fails_open() const { return spec->fail_mode == policy::FailMode::kOpen; }
  /// For one call over `bytes` of text: the policy's deadline for every started 256 KiB.
  std::chrono::nanoseconds deadline(std::size_t bytes) const { return spec->deadline * static_cast<std::int64_t>(1 + (bytes >> 18)); }
  bool holds() const { return spec->stream_mode == policy::StreamMode::kHold; }
};

/// What a record says of a filter that ran over its deadline.
inline constexpr std::string_view kOverDeadline = "it took longer than its deadline_ms";

/// What every part of the pipeline works with. Everything outlives them.
struct Pipeline {
  const policy::Policy& policy;
  const std::vector<Detector>& detectors;
  const Clock& clock;
};

/// One record for each detector, those that do not work on `direction` marked as skipped.
std::vector<ScanRecord> begin_records(const Pipeline& pipeline, policy::Direction direction);
/// The deadline that a LapTimer has to tell apart.
std::chrono::nanoseconds shortest_deadline(const std::vector<Detector>& detectors);

/// Fails unless all findings from `first` on are ones that the pipeline can act on; fills in filter and version.
/// Errors: kInternal: the filter broke its contract (a span outside the text or inside a character, a restore without
/// its text).
Result<void> check_findings(const Detector& detector, std::string_view raw, std::size_t first, std::vector<Finding>& findings);

/// Runs one detector over one whole text and counts it in `record`. On an error `findings` is as it was.
/// Errors: the filter's own; kDeadlineExceeded; kInternal as for check_findings.
Result<void> scan_text(const Detector& detector, const text::Views& views, const Scope& scope, LapTimer& timer, ScanRecord& record,
                       std::vector<Finding>& findings);

/// Notes in `record` that the filter could not answer. Returns true if the policy lets it fail open.
bool note_failure(const Detector& detector, const Error& error, ScanRecord& record);

}  // namespace steward::guard
