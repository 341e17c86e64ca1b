// Answers of moderation services and guard models: any bytes give labels that may stand in findings, or kUnavailable.
#include <cstdint>

#include "steward/core/check.h"
#include "steward/filters/remote/service.h"
#include "steward/text/view.h"

using namespace steward;
using namespace steward::filters::remote;

namespace {

const std::vector<std::unique_ptr<Service>>& all_services() {
  static const auto all = [] {
    const yaml::Node config = yaml::parse("{model: m}", "fuzz").value();
    std::vector<std::unique_ptr<Service>> out;
    for (const ServiceKind& kind : services()) out.push_back(kind.make(config, "").value());
    return out;
  }();
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 8192) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const guard::Scope scope;
  const Subject subject{"Some w\u00f6rds to judge.", scope};
  for (const auto& service : all_services()) {
    std::vector<Label> labels;
    const auto read = service->read(body, 0, subject, labels);
    STEWARD_CHECK(read || read.error().code == ErrorCode::kUnavailable);
    for (const Label& label : labels) {
      STEWARD_CHECK(is_code(label.code) || label.code.starts_with("blocklist:"));
      STEWARD_CHECK(label.score >= 0 && label.score <= 1 && label.severity.value_or(0) >= 0 && label.severity.value_or(0) <= 3);
      if (!label.span) continue;
      STEWARD_CHECK(!label.span->empty() && label.span->end <= subject.text.size());
      STEWARD_CHECK(text::char_floor(subject.text, label.span->begin) == label.span->begin);
      STEWARD_CHECK(text::char_floor(subject.text, label.span->end) == label.span->end);
    }
  }
  return 0;
}
