#include "steward/policy/read_category.h"

#include <algorithm>

#include <fmt/format.h>

#include "steward/policy/words.h"

namespace steward::policy {
namespace {

using yaml::Node;

Result<void> check_not_relaxed(const Node& at, bool relaxed, const Category& parent, std::string_view what, const yaml::Location& there) {
  if (!relaxed || parent.relaxable) return {};
  return yaml::fail_at(
      at, fmt::format("this relaxes the {} of '{}' set at {}; a parent must say `relaxable: true` on the category for that", what,
                      parent.id, yaml::to_string(there)));
}

Result<void> read_disposition(const Node& node, Category& category, const Category* parent) {
  const auto set = [&](const Node& word) -> Result<Placed<Disposition>> {
    return Placed<Disposition>{TRY(read_word(word, kDispositionWords)), word.where};
  };
  if (node.is_scalar()) {
    category.disposition = TRY(set(node));
  } else {
    TRY(yaml::check_keys(node, {"default", "by_subtype"}, "disposition"));
    if (const Node* fallback = node.find("default")) category.disposition = TRY(set(*fallback));
    if (const Node* subtypes = node.find("by_subtype")) {
      for (const auto& [subtype, word] : subtypes->members) category.by_subtype[subtype.scalar] = TRY(set(word));
    }
  }
  if (!parent) return {};
  TRY(check_not_relaxed(node, category.disposition.value < parent->disposition.value, *parent, "disposition", parent->disposition.where));
  for (const auto& [subtype, placed] : category.by_subtype) {
    const auto before = parent->by_subtype.find(subtype);
    const auto& stricter = before == parent->by_subtype.end() ? parent->disposition : before->second;
    TRY(check_not_relaxed(node, placed.value < stricter.value, *parent, "disposition", stricter.where));
  }
  return {};
}

Result<Override> read_override(const Node& node) {
  TRY(yaml::check_keys(node, {"when", "disposition", "reason", "legal_basis"}, "an override"));
  Override out;
  out.where = node.where;
  const Node* when = node.find("when");
  const Node* disposition = node.find("disposition");
  if (!when || !disposition) return yaml::fail_at(node, "an override needs `when` and `disposition`");
  TRY(yaml::check_keys(*when, {"age_band", "jurisdiction", "language", "audience", "surface", "subtype"}, "when"));
  for (const auto& [key, value] : when->members) {
    TRY(check_context_values(key.scalar, value));
    out.when[key.scalar] = TRY(value.as_strings());
  }
  out.disposition = TRY(read_word(*disposition, kDispositionWords));
  if (const Node* reason = node.find("reason")) out.reason = TRY(reason->as_string());
  if (const Node* basis = node.find("legal_basis")) out.reason = TRY(basis->as_string());
  return out;
}

Result<double> read_share(const Node& node, std::string_view what) {
  const double value = TRY(node.as_number());
  if (!(value >= 0 && value <= 1)) return yaml::fail_at(node, fmt::format("a {} is a number from 0 to 1", what));
  return value;
}

/// {act: P} or {fpr_budget: F}: one of `act` and `budget` is set.
Result<void> read_threshold(const Node& node, std::optional<Placed<double>>& act, std::optional<double>& budget) {
  TRY(yaml::check_keys(node, {"act", "fpr_budget"}, "a threshold"));
  const Node* score = node.find("act");
  const Node* share = node.find("fpr_budget");
  if ((score == nullptr) == (share == nullptr))
    return yaml::fail_at(node,
                         "write the score from which it acts, such as {act: 0.85}, or the share of benign texts that it may flag, "
                         "such as {fpr_budget: 0.002}");
  act.reset();
  budget.reset();
  if (score) act = Placed<double>{TRY(read_share(*score, "threshold")), score->where};
  if (share) budget = TRY(read_share(*share, "budget of false positives"));
  return {};
}

/// A smaller budget acts more seldom.
Result<void> check_budgets(const Node& node, const Category& category, const Category& parent) {
  const auto milder = [&](const std::optional<double>& now, const std::optional<double>& before) {
    const std::optional<double> old = before ? before : parent.detect.budget;
    return now && old && *now < *old;
  };
  const Thresholds &now = category.detect, &before = parent.detect;
  bool any =
      milder(now.budget, before.budget) || milder(now.input_budget, before.input_budget) || milder(now.output_budget, before.output_budget);
  for (const auto& [language, budget] : now.budget_by_language) {
    const auto old = before.budget_by_language.find(language);
    any |= milder(budget, old == before.budget_by_language.end() ? std::nullopt : std::optional(old->second));
  }
  return check_not_relaxed(node, any, parent, "budget of false positives", parent.where);
}

Result<void> read_detect(const Node& node, Category& category, const Category* parent) {
  TRY(yaml::check_keys(node, {"input", "output", "fpr_budget", "languages"}, "detect"));
  Thresholds& detect = category.detect;
  if (const Node* budget = node.find("fpr_budget")) detect.budget = TRY(read_share(*budget, "budget of false positives"));
  if (const Node* input = node.find("input")) TRY(read_threshold(*input, detect.input, detect.input_budget));
  if (const Node* output = node.find("output")) TRY(read_threshold(*output, detect.output, detect.output_budget));
  if (const Node* languages = node.find("languages")) {
    for (const auto& [language, value] : languages->members) {
      std::optional<Placed<double>> act;
      std::optional<double> budget;
      TRY(read_threshold(value, act, budget));
      detect.by_language.erase(language.scalar);
      detect.budget_by_language.erase(language.scalar);
      if (act) detect.by_language[language.scalar] = *act;
      if (budget) detect.budget_by_language[language.scalar] = *budget;
    }
  }
  if (!parent) return {};
  TRY(check_budgets(node, category, *parent));
  // A higher threshold acts more seldom. For floors, too: a user at risk is not made to wait for a surer score.
  const auto value_of = [](const auto& threshold) { return threshold ? threshold->value : kDefaultThreshold; };
  const auto place_of = [&](const auto& threshold) { return threshold ? threshold->where : parent->where; };
  const double input = value_of(parent->detect.input), output = value_of(parent->detect.output);
  TRY(check_not_relaxed(node, value_of(category.detect.input) > input, *parent, "input threshold", place_of(parent->detect.input)));
  TRY(check_not_relaxed(node, value_of(category.detect.output) > output, *parent, "output threshold", place_of(parent->detect.output)));
  for (const auto& [language, threshold] : category.detect.by_language) {
    const auto before = parent->detect.by_language.find(language);
    const double old = before == parent->detect.by_language.end() ? std::min(input, output) : before->second.value;
    TRY(check_not_relaxed(node, threshold.value > old, *parent, "threshold in '" + language + "'", parent->where));
  }
  return {};
}

Result<Enforcement> read_enforcement(const Node& node) {
  TRY(yaml::check_keys(node, {"severity", "direction", "action", "review", "reply"}, "enforce"));
  Enforcement out;
  out.where = node.where;
  if (const Node* severity = node.find("severity")) {
    const auto value = TRY(severity->as_integer());
    if (value < 0 || value > 3) return yaml::fail_at(*severity, "a severity is 0, 1, 2 or 3");
    out.severity = static_cast<int>(value);
  }
  if (const Node* direction = node.find("direction")) out.direction = TRY(read_word(*direction, kDirectionWords));
  const Node* action = node.find("action");
  if (!action) return yaml::fail_at(node, "say which `action` to take: pass | log | rewrite | canned | block");
  out.action = TRY(read_word(*action, kActionWords));
  if (const Node* review = node.find("review")) {
    constexpr std::pair<std::string_view, bool> kWords[] = {{"required", true}, {"none", false}};
    out.review = TRY(read_word(*review, kWords));
  }
  if (const Node* reply = node.find("reply")) {
    if (out.action != Action::kCanned) return yaml::fail_at(*reply, "only `action: canned` gives a `reply`");
    out.reply = TRY(reply->as_string());
  }
  return out;
}

Action milder_action(const std::vector<Enforcement>& rules, int severity, Direction direction, Action fallback) {
  for (const Enforcement& rule : rules)
    if (severity >= rule.severity && (!rule.direction || *rule.direction == direction)) return rule.action;
  return fallback;
}

Result<void> read_enforce(const Node& node, Category& category, const Category* parent) {
  category.enforce.clear();
  for (const Node& item : node.items) category.enforce.push_back(TRY(read_enforcement(item)));
  std::stable_sort(category.enforce.begin(), category.enforce.end(),
                   [](const Enforcement& a, const Enforcement& b) { return a.severity > b.severity; });
  if (!parent || parent->enforce.empty()) return {};
  for (int severity = 0; severity <= 3; ++severity) {
    for (const Direction direction : {Direction::kInput, Direction::kOutput}) {
      const Action fallback = parent->disposition.value == Disposition::kProhibited ? Action::kBlock : Action::kLog;
      const Action before = milder_action(parent->enforce, severity, direction, fallback);
      TRY(check_not_relaxed(node, milder_action(category.enforce, severity, direction, fallback) < before, *parent, "enforcement",
                            parent->enforce.front().where));
    }
  }
  return {};
}

}  // namespace

Result<Category> read_category(const Node& node, const Category* parent) {
  TRY(yaml::check_keys(node,
                       {"id", "definition", "disposition", "at_risk", "support", "severity", "overrides", "detect", "enforce", "examples",
                        "annotation", "evidence", "relaxable"},
                       "a category"));
  Category category = parent ? *parent : Category{};
  category.where = node.where;
  category.id = TRY(node.find("id")->as_string());
  if (!parent) {
    category.disposition.where = node.where;
    if (!node.find("disposition"))
      return yaml::fail_at(node, fmt::format("'{}' needs a disposition: allowed | limited | prohibited", category.id));
  }
  if (const Node* definition = node.find("definition")) category.definition = TRY(definition->as_string());
  if (const Node* relaxable = node.find("relaxable")) category.relaxable = TRY(relaxable->as_bool());
  if (const Node* support = node.find("support")) category.support = TRY(support->as_string());
  if (const Node* at_risk = node.find("at_risk")) {  // only ever added to: a floor
    for (const std::string& subtype : TRY(at_risk->as_strings())) category.at_risk.emplace(subtype, at_risk->where);
  }
  if (const Node* disposition = node.find("disposition")) TRY(read_disposition(*disposition, category, parent));
  if (const Node* detect = node.find("detect")) TRY(read_detect(*detect, category, parent));
  if (const Node* enforce = node.find("enforce")) TRY(read_enforce(*enforce, category, parent));
  if (const Node* overrides = node.find("overrides")) {
    for (const Node& item : overrides->items) category.overrides.push_back(TRY(read_override(item)));
  }
  for (const auto& [key, slot] : {std::pair{"severity", &category.severity}, std::pair{"examples", &category.examples},
                                  std::pair{"annotation", &category.annotation}, std::pair{"evidence", &category.evidence}}) {
    if (const Node* found = node.find(key)) *slot = *found;
  }
  return category;
}

}  // namespace steward::policy
