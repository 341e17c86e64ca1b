#include "steward/guard/finding.h"

namespace steward::guard {
namespace {

json::Object to_json(const RuledFinding& ruled) {
  const Finding& finding = ruled.finding;
  json::Object out{{"category", finding.category},
                   {"subtype", finding.subtype},
                   {"severity", finding.severity},
                   {"score", finding.score},
                   {"span", json::Array{finding.span.begin, finding.span.end}},
                   {"view", text::to_string(finding.view)},
                   {"evidence", finding.evidence},
                   {"filter", finding.filter},
                   {"version", finding.version},
                   {"action", finding.restore ? "restore" : policy::to_string(ruled.ruling.action)}};
  if (finding.message != 0) out["message"] = finding.message;
  if (finding.late) out["late"] = true;
  if (finding.restore) return out;
  out["disposition"] = policy::to_string(ruled.ruling.disposition);
  out["threshold"] = ruled.ruling.threshold;
  out["reason"] = ruled.ruling.reason;
  out["where"] = yaml::to_string(ruled.ruling.where);
  if (ruled.ruling.review) out["review"] = true;
  if (ruled.ruling.violation) out["violation"] = true;
  if (ruled.ruling.supportive) out["supportive"] = true;
  if (!ruled.ruling.reply.empty()) out["canned"] = ruled.ruling.reply;
  return out;
}

json::Object to_json(const ScanRecord& record) {
  json::Object out{{"filter", record.filter}, {"version", record.version}, {"bytes", record.bytes}, {"time_ns", record.time_ns}};
  if (!record.skipped.empty()) out["skipped"] = record.skipped;
  if (record.lag_bytes_max != 0) out["lag_bytes_max"] = record.lag_bytes_max;
  return out;
}

}  // namespace

json::Object to_json(const Decision& decision) {
  json::Array findings;
  for (const RuledFinding& ruled : decision.findings) findings.push_back(to_json(ruled));
  json::Array scanned;
  for (const ScanRecord& record : decision.scanned) scanned.push_back(to_json(record));
  json::Object out{{"id", decision.id},
                   {"direction", policy::to_string(decision.direction)},
                   {"action", policy::to_string(decision.action)},
                   {"review", decision.review},
                   {"supportive", decision.supportive},
                   {"findings", std::move(findings)},
                   {"policy", json::Object{{"id", decision.policy_id}, {"digest", decision.policy_digest}}},
                   {"scanned", std::move(scanned)}};
  if (!decision.shadow.empty()) {
    json::Array shadow;
    for (const RuledFinding& ruled : decision.shadow) shadow.push_back(to_json(ruled));
    out["shadow"] = std::move(shadow);
  }
  if (!decision.finish_reason.empty()) out["finish_reason"] = decision.finish_reason;
  if (decision.direction == policy::Direction::kOutput) out["held_bytes_max"] = decision.held_bytes_max;
  if (decision.failed_closed) out["failed_closed"] = true;
  return out;
}

}  // namespace steward::guard
