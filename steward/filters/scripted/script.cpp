#include "steward/filters/scripted/script.h"

#include <fmt/format.h>

namespace steward::filters {
namespace {

template <class T>
Result<std::optional<T>> optional_of(Result<T> value) {
  return std::optional<T>(TRY(std::move(value)));
}

Result<std::optional<std::string>> text_at(const yaml::Node& node, std::string_view key) {
  const yaml::Node* found = node.find(key);
  if (!found) return std::nullopt;
  return optional_of(found->as_string());
}

Result<std::int64_t> number_at(const yaml::Node& node, std::string_view key, std::int64_t fallback, std::int64_t max) {
  const yaml::Node* found = node.find(key);
  if (!found) return fallback;
  const std::int64_t value = TRY(found->as_integer());
  if (value < 0 || value > max) return yaml::fail_at(*found, fmt::format("`{}` must be 0 to {}", key, max));
  return value;
}

Result<bool> flag_at(const yaml::Node& node, std::string_view key) {
  const yaml::Node* found = node.find(key);
  if (!found) return false;
  return found->as_bool();
}

Result<text::ViewKind> view_at(const yaml::Node& config) {
  const std::string name = TRY(text_at(config, "view")).value_or("raw");
  if (name == "raw") return text::ViewKind::kRaw;
  if (name == "folded") return text::ViewKind::kFolded;
  if (name == "skeleton") return text::ViewKind::kSkeleton;
  return yaml::fail_at(*config.find("view"), "`view` must be raw, folded or skeleton");
}

Result<Fails> fails_at(const yaml::Node& config) {
  const std::string name = TRY(text_at(config, "fail")).value_or("never");
  if (name == "never") return Fails::kNever;
  if (name == "scan") return Fails::kScan;
  if (name == "stream") return Fails::kStream;
  return yaml::fail_at(*config.find("fail"), "`fail` must be never, scan or stream");
}

std::string in_view(const std::string& literal, text::ViewKind view) {
  if (view == text::ViewKind::kFolded) return text::fold_text(literal);
  if (view == text::ViewKind::kSkeleton) return text::skeleton_text(literal);
  return literal;
}

Result<ScriptRule> read_rule(const yaml::Node& node, text::ViewKind view) {
  TRY(yaml::check_keys(node, {"text", "category", "subtype", "severity", "score", "replace", "reply", "restore"}, "a scripted rule"));
  ScriptRule rule;
  rule.literal = in_view(TRY(text_at(node, "text")).value_or(""), view);
  if (rule.literal.empty()) return yaml::fail_at(node, "a scripted rule needs a `text` that is not empty in its view");
  rule.category = TRY(text_at(node, "category")).value_or("");
  if (rule.category.empty()) return yaml::fail_at(node, "a scripted rule needs a `category`");
  rule.subtype = TRY(text_at(node, "subtype")).value_or("");
  rule.severity = static_cast<int>(TRY(number_at(node, "severity", 1, 3)));
  if (const yaml::Node* score = node.find("score")) rule.score = TRY(score->as_number());
  rule.replacement = TRY(text_at(node, "replace"));
  rule.reply = TRY(text_at(node, "reply"));
  rule.restore = TRY(flag_at(node, "restore"));
  if (rule.restore && !rule.replacement) return yaml::fail_at(node, "a rule with `restore` needs `replace`: the text to put back");
  return rule;
}

}  // namespace

guard::Finding Script::finding(const ScriptRule& rule, text::Span span) const {
  guard::Finding finding;
  finding.category = rule.category;
  finding.subtype = rule.subtype;
  finding.severity = rule.severity;
  finding.score = rule.score;
  finding.span = span;
  finding.evidence = rule.evidence;
  finding.filter = name;
  finding.version = version;
  finding.view = view;
  finding.replacement = rule.replacement;
  finding.reply = rule.reply;
  finding.restore = rule.restore;
  return finding;
}

Result<Script> read_script(const yaml::Node& config) {
  Script script;
  if (config.is_null()) return script;
  TRY(yaml::check_keys(config, {"rules", "view", "fail", "fail_after_bytes", "delay_us", "lag_bytes", "hold_all"}, "a scripted filter"));
  script.view = TRY(view_at(config));
  script.fails = TRY(fails_at(config));
  script.fail_after_bytes = static_cast<std::size_t>(TRY(number_at(config, "fail_after_bytes", 0, 1 << 30)));
  script.delay = std::chrono::microseconds(TRY(number_at(config, "delay_us", 0, 1'000'000)));
  script.lag_bytes = static_cast<std::size_t>(TRY(number_at(config, "lag_bytes", 0, 1 << 20)));
  script.holds_all = TRY(flag_at(config, "hold_all"));
  const yaml::Node* rules = config.find("rules");
  if (!rules) return script;
  if (!rules->is_sequence()) return yaml::fail_at(*rules, "`rules` must be a list of {text, category, …}");
  for (const yaml::Node& node : rules->items) {
    ScriptRule rule = TRY(read_rule(node, script.view));
    rule.evidence = fmt::format("rule {}", script.rules.size() + 1);
    script.rules.push_back(std::move(rule));
  }
  return script;
}

}  // namespace steward::filters
