#include "steward/guard/detector.h"

#include <algorithm>

#include <fmt/format.h>

namespace steward::guard {

bool Detector::reads(std::string_view role) const { return std::find(spec->roles.begin(), spec->roles.end(), role) != spec->roles.end(); }

std::vector<ScanRecord> begin_records(const Pipeline& pipeline, policy::Direction direction) {
  std::vector<ScanRecord> records;
  records.reserve(pipeline.detectors.size());
  for (const Detector& detector : pipeline.detectors) {
    ScanRecord record;
    record.filter = detector.filter->name();
    record.version = detector.filter->version();
    if (!detector.works_on(direction))
      record.skipped = fmt::format("not on {}", policy::to_string(direction));
    else if (detector.spec->shadow)
      record.skipped = "in shadow: it has not looked";
    records.push_back(std::move(record));
  }
  return records;
}

std::chrono::nanoseconds shortest_deadline(const std::vector<Detector>& detectors) {
  std::chrono::nanoseconds shortest = std::chrono::seconds(1);
  for (const Detector& detector : detectors) shortest = std::min<std::chrono::nanoseconds>(shortest, detector.spec->deadline);
  return shortest;
}

Result<void> check_findings(const Detector& detector, std::string_view raw, std::size_t first, std::vector<Finding>& findings) {
  const auto is_border = [&](std::size_t at) { return at <= raw.size() && text::char_floor(raw, at) == at; };
  for (std::size_t i = first; i < findings.size(); ++i) {
    Finding& finding = findings[i];
    if (finding.span.begin > finding.span.end || !is_border(finding.span.begin) || !is_border(finding.span.end))
      return fail(ErrorCode::kInternal, "it reported a span that is not whole characters of the text");
    if (finding.restore && !finding.replacement) return fail(ErrorCode::kInternal, "it reported a restore without the text to put back");
    if (finding.filter.empty()) finding.filter = detector.spec->name;
    if (finding.version.empty()) finding.version = detector.filter->version();
  }
  return {};
}

Result<void> scan_text(const Detector& detector, const text::Views& views, const Scope& scope, LapTimer& timer, ScanRecord& record,
                       std::vector<Finding>& findings) {
  const std::size_t first = findings.size();
  Result<void> result = detector.filter->scan(views, scope, findings);
  const Lap lap = timer.lap(detector.deadline(views.raw().text().size()));
  record.time_ns += lap.time_ns;
  record.bytes += views.raw().text().size();
  if (result) result = check_findings(detector, views.raw().text(), first, findings);
  if (result && lap.overrun) result = fail(ErrorCode::kDeadlineExceeded, std::string(kOverDeadline));
  if (!result) findings.erase(findings.begin() + static_cast<std::ptrdiff_t>(first), findings.end());
  return result;
}

bool note_failure(const Detector& detector, const Error& error, ScanRecord& record) {
  const bool open = detector.fails_open();
  record.skipped = fmt::format("failed {}: {}", open ? "open" : "closed", error.message);
  return open;
}

}  // namespace steward::guard
