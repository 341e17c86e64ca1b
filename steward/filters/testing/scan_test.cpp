#include "steward/filters/testing/scan.h"

#include <sstream>

#include "steward/core/check.h"
#include "steward/core/clock.h"
#include "steward/core/files.h"
#include "steward/guard/conformance.h"

namespace steward::filters::testing {

FilterUnderTest::FilterUnderTest(Make make, const std::string& kind, const std::string& config_yaml, const std::string& directory)
    : make_(make), spec_(guard::testing::TablePolicy::filter("under-test", kind, config_yaml)), directory_(directory) {
  spec_.on_output = kind != "canned" && kind != "form";
  spec_.on_input = kind != "leak";
  auto made = make(spec_, {directory, directory, &policy_});
  if (!made) fprintf(stderr, "%s\n", made.error().message.c_str());
  STEWARD_CHECK(made.has_value());
  filter_ = std::move(*made);
}

std::string FilterUnderTest::stream_fault(const std::string& text, policy::Action action, int cuts, std::uint64_t seed,
                                          const std::string& language) {
  static const ManualClock clock;
  auto ruled = std::make_shared<guard::testing::TablePolicy>(policy_);
  ruled->filter_specs = {spec_};
  for (const guard::Finding& finding : scan(text, language, policy::Direction::kOutput)) ruled->act(finding.category, action);
  const auto guard = guard::Guard::create(ruled, make_, {directory_, directory_, ruled.get()}, clock).value();
  guard::Turn turn{{}, std::make_shared<guard::Conversation>(Key{})};
  turn.context.language = language;
  return guard::check_stream_invariance(*guard, turn, text, cuts, seed);
}

std::vector<guard::Finding> FilterUnderTest::scan(std::string_view text, const std::string& language, policy::Direction direction,
                                                  const std::string& role, guard::Vault* vault) const {
  guard::Scope scope;
  scope.context.language = language;
  scope.direction = direction;
  scope.role = role;
  scope.vault = vault;
  std::vector<guard::Finding> out;
  STEWARD_CHECK(filter_->scan(text::Views(text), scope, out).has_value());
  return out;
}

std::vector<std::string> FilterUnderTest::spans(std::string_view text, const std::string& language, policy::Direction direction) const {
  std::vector<std::string> out;
  for (const guard::Finding& finding : scan(text, language, direction))
    out.emplace_back(text.substr(finding.span.begin, finding.span.size()));
  return out;
}

std::string error_of(Make make, const std::string& kind, const std::string& config_yaml, const std::string& directory) {
  const guard::testing::TablePolicy policy;
  policy::FilterSpec spec = guard::testing::TablePolicy::filter("under-test", kind, config_yaml);
  spec.on_output = kind != "canned" && kind != "form";
  spec.on_input = kind != "leak";
  const auto made = make(spec, {directory, directory, &policy});
  return made ? "" : made.error().message;
}

std::vector<json::Object> read_cases(const std::string& path) {
  std::istringstream lines(read_file(std::string(STEWARD_SOURCE_DIR) + "/cases/" + path).value());
  std::vector<json::Object> out;
  for (std::string line; std::getline(lines, line);)
    if (!line.empty()) out.push_back(json::parse(line).value().as_object());
  STEWARD_CHECK(!out.empty());
  return out;
}

std::string text_of(const json::Object& object, std::string_view key) {
  const json::Value* value = object.if_contains(key);
  return value && value->is_string() ? std::string(value->as_string()) : "";
}

}  // namespace steward::filters::testing
