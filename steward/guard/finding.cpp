#include "steward/guard/finding.h"

namespace steward::guard {

json::Object to_json(const Decision& decision) {
  json::Array findings;
  for (const auto& [finding, ruling] : decision.findings) {
    findings.push_back(json::Object{{"category", finding.category},
                                    {"subtype", finding.subtype},
                                    {"severity", finding.severity},
                                    {"score", finding.score},
                                    {"message", finding.message},
                                    {"span", json::Array{finding.span.begin, finding.span.end}},
                                    {"view", text::to_string(finding.view)},
                                    {"filter", finding.filter},
                                    {"version", finding.version},
                                    {"evidence", finding.evidence},
                                    {"action", finding.restore ? "restore" : policy::to_string(ruling.action)},
                                    {"threshold", ruling.threshold},
                                    {"rule", yaml::to_string(ruling.where)}});
  }
  json::Array scanned;
  for (const ScanRecord& record : decision.scanned) {
    json::Object one{{"filter", record.filter}, {"version", record.version}, {"bytes", record.bytes}, {"time_us", static_cast<double>(record.time_ns) / 1000}};
    if (!record.skipped.empty()) one["skipped"] = record.skipped;
    scanned.push_back(std::move(one));
  }
  json::Object out{{"id", decision.id},
                   {"direction", policy::to_string(decision.direction)},
                   {"action", policy::to_string(decision.action)},
                   {"review", decision.review},
                   {"supportive", decision.supportive},
                   {"policy", decision.policy_id},
                   {"policy_digest", decision.policy_digest},
                   {"findings", std::move(findings)},
                   {"scanned", std::move(scanned)},
                   {"held_bytes_max", decision.held_bytes_max}};
  if (decision.failed_closed) out["failed_closed"] = true;
  return out;
}

}  // namespace steward::guard
