#include "steward/app/shadow_report.h"

#include <algorithm>

#include <fmt/format.h>

#include "steward/policy/action.h"

namespace steward::app {
namespace {

std::string text_of(const json::Object& object, std::string_view key) { return json::get_string(object, key).value_or("").value_or(""); }
bool is_true(const json::Object& object, std::string_view key) {
  const json::Value* value = object.if_contains(key);
  return value && value->is_bool() && value->get_bool();
}

int strictness(std::string_view action) {
  using enum policy::Action;
  for (const policy::Action known : {kPass, kLog, kRewrite, kCanned, kBlock})
    if (policy::to_string(known) == action) return static_cast<int>(known);
  return 0;
}

/// As the guard concludes: a supportive reply wins over all, then the strictest action.
std::string would_be(const json::Object& decision, const json::Object& finding) {
  const std::string action = text_of(decision, "action"), other = text_of(finding, "action");
  if (is_true(decision, "supportive")) return action;
  if (is_true(finding, "supportive") && other == "canned") return other;
  return strictness(other) > strictness(action) ? other : action;
}

}  // namespace

void ShadowReport::add(const ledger::StoredEvent& stored) {
  const ledger::Event& event = stored.event;
  if (event.kind != "decision") return;
  ++decisions_;
  const json::Value* shadow = event.meta.if_contains("shadow");
  if (!shadow || !shadow->is_array()) return;
  for (const json::Value& value : shadow->get_array()) {
    const json::Object* finding = value.if_object();
    if (!finding) continue;
    std::string category = text_of(*finding, "category");
    if (const std::string subtype = text_of(*finding, "subtype"); !subtype.empty()) category += "." + subtype;
    const Row row{text_of(*finding, "filter"), category, text_of(event.meta, "direction"), text_of(event.meta, "action"),
                  would_be(event.meta, *finding)};
    turns_[row].insert(event.turn.empty() ? event.id : event.turn);
  }
}

std::string ShadowReport::text() const {
  std::string out =
      fmt::format("{:<20} {:<28} {:<9} {:<8} {:<9} {:>8}\n", "filter", "category", "direction", "action", "would be", "turns");
  std::set<std::string> changed;
  for (const auto& [row, turns] : turns_) {
    const auto& [filter, category, direction, action, other] = row;
    out += fmt::format("{:<20} {:<28} {:<9} {:<8} {:<9} {:>8}\n", filter, category, direction, action, action == other ? "=" : other,
                       turns.size());
    if (action != other) changed.insert(turns.begin(), turns.end());
  }
  out += fmt::format("{} turns would have been decided otherwise; {} decisions were read\n", changed.size(), decisions_);
  return out;
}

}  // namespace steward::app
