#include "steward/app/sarif.h"

#include <algorithm>

#include <fmt/format.h>

#include "steward/policy/action.h"

namespace steward::app {
namespace {

std::string_view level_of(policy::Action action) {
  if (action == policy::Action::kBlock) return "error";
  return action == policy::Action::kLog || action == policy::Action::kPass ? "note" : "warning";
}

}  // namespace

TextPlace place_of(std::string_view utf8, std::size_t at) {
  TextPlace place;
  for (std::size_t i = 0; i < std::min(at, utf8.size()); ++i) {
    if (utf8[i] == '\n') {
      ++place.line;
      place.column = 1;
    } else if ((static_cast<unsigned char>(utf8[i]) & 0xC0) != 0x80) {
      ++place.column;
    }
  }
  return place;
}

SarifLog::SarifLog(const std::string& policy) : policy_(policy) {}

void SarifLog::add(const std::string& uri, std::string_view text, const guard::Decision& decision, int line) {
  for (const auto& [finding, ruling] : decision.findings) {
    const std::string rule = finding.subtype.empty() ? finding.category : finding.category + "." + finding.subtype;
    const bool known =
        std::any_of(rules_.begin(), rules_.end(), [&](const json::Value& value) { return value.at("id").as_string() == rule; });
    if (!known) rules_.push_back(json::Object{{"id", rule}, {"name", finding.category}});
    json::Object region;
    if (line > 0) {
      region = {{"startLine", line}};
    } else {
      const TextPlace begin = place_of(text, finding.span.begin), end = place_of(text, finding.span.end);
      region = {{"startLine", begin.line}, {"startColumn", begin.column},      {"endLine", end.line},
                {"endColumn", end.column}, {"byteOffset", finding.span.begin}, {"byteLength", finding.span.size()}};
    }
    const json::Object place = {
        {"physicalLocation", json::Object{{"artifactLocation", json::Object{{"uri", uri}}}, {"region", std::move(region)}}}};
    results_.push_back(json::Object{
        {"ruleId", rule},
        {"level", level_of(ruling.action)},
        {"message", json::Object{{"text", fmt::format("{}: {} ({})", policy::to_string(ruling.action), ruling.reason, finding.evidence)}}},
        {"locations", json::Array{place}},
        {"properties", json::Object{{"action", policy::to_string(ruling.action)},
                                    {"severity", finding.severity},
                                    {"score", finding.score},
                                    {"filter", finding.filter},
                                    {"version", finding.version},
                                    {"decidedAt", yaml::to_string(ruling.where)}}}});
  }
}

std::string SarifLog::text() const {
  const json::Object driver = {{"name", "steward"}, {"version", STEWARD_VERSION}, {"rules", rules_}};
  return json::dump(json::Object{{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
                                 {"version", "2.1.0"},
                                 {"runs", json::Array{json::Object{{"tool", json::Object{{"driver", driver}}},
                                                                   {"columnKind", "unicodeCodePoints"},
                                                                   {"results", results_},
                                                                   {"properties", json::Object{{"policy", policy_}}}}}}});
}

}  // namespace steward::app
