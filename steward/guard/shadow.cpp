#include "steward/guard/shadow.h"

#include <algorithm>

#include <fmt/format.h>

#include "steward/guard/verdict.h"

namespace steward::guard {

bool has_shadow(const std::vector<Detector>& detectors, policy::Direction direction) {
  return std::any_of(detectors.begin(), detectors.end(),
                     [&](const Detector& detector) { return detector.spec->shadow && detector.works_on(direction); });
}

void scan_in_shadow(const Pipeline& pipeline, std::string_view text, Scope scope, Decision& decision) {
  if (!has_shadow(pipeline.detectors, scope.direction)) return;
  scope.vault = nullptr;
  const text::Views views(text);
  const auto plan = pipeline.policy.plan(scope.context);
  LapTimer timer(shortest_deadline(pipeline.detectors));
  std::vector<Finding> found;
  for (std::size_t i = 0; i < pipeline.detectors.size(); ++i) {
    const Detector& detector = pipeline.detectors[i];
    if (!detector.spec->shadow || !detector.works_on(scope.direction)) continue;
    if (scope.direction == policy::Direction::kInput && !detector.reads(scope.role)) continue;
    ScanRecord& record = decision.scanned[i];
    record.skipped.clear();
    const auto result = scan_text(detector, views, scope, timer, record, found);
    if (!result) record.skipped = fmt::format("failed in shadow: {}", result.error().message);
  }
  for (Finding& finding : found) {
    finding.message = scope.message;
    decision.shadow.push_back(rule(std::move(finding), scope.direction, *plan, pipeline.policy));
  }
}

}  // namespace steward::guard
