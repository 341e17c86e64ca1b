#include "steward/policy/resolve.h"

#include <algorithm>

#include <fmt/format.h>

namespace steward::policy {
namespace {

void note(std::vector<Step>* steps, std::string words, const yaml::Location& where) {
  if (steps) steps->push_back({std::move(words), where, false});
}

std::string_view value_of(const Context& context, const Match& match, std::string_view key) {
  if (key == "age_band") return context.age_band;
  if (key == "jurisdiction") return context.jurisdiction;
  if (key == "language") return context.language;
  if (key == "audience") return context.audience;
  if (key == "surface") return context.surface;
  return match.subtype;
}

bool matches(const Override& override_, const Context& context, const Match& match) {
  return std::all_of(override_.when.begin(), override_.when.end(), [&](const auto& condition) {
    const auto& [key, values] = condition;
    return std::find(values.begin(), values.end(), value_of(context, match, key)) != values.end();
  });
}

Placed<double> threshold_of(const Category& category, const Context& context, const Match& match) {
  if (const auto found = category.detect.by_language.find(context.language); found != category.detect.by_language.end())
    return found->second;
  const auto& set = match.direction == Direction::kInput ? category.detect.input : category.detect.output;
  return set ? *set : Placed<double>{match.threshold.value_or(kDefaultThreshold), category.where};
}

/// The strictest of the category's own disposition and of every override that matches.
Placed<Disposition> disposition_of(const Category& category, const Context& context, const Match& match, std::vector<Step>* steps,
                                   std::string& reason) {
  Placed<Disposition> out = category.disposition;
  if (const auto found = category.by_subtype.find(std::string(match.subtype)); found != category.by_subtype.end()) out = found->second;
  note(steps, fmt::format("'{}{}{}' is {}", category.id, match.subtype.empty() ? "" : ".", match.subtype, to_string(out.value)), out.where);
  for (const Override& override_ : category.overrides) {
    if (!matches(override_, context, match)) continue;
    note(steps,
         fmt::format("an override matches: {}{}{}", to_string(override_.disposition), override_.reason.empty() ? "" : ", ",
                     override_.reason),
         override_.where);
    if (override_.disposition <= out.value) continue;
    out = {override_.disposition, override_.where};
    reason = override_.reason;
  }
  return out;
}

Ruling supportive_ruling(const Category& category, const yaml::Location& where, Disposition disposition, double threshold) {
  Ruling ruling;
  ruling.action = Action::kCanned;
  ruling.supportive = true;
  ruling.disposition = disposition;
  ruling.threshold = threshold;
  ruling.reply = category.support;
  ruling.reason = "the user may be at risk: a supportive reply, never a violation";
  ruling.where = where;
  return ruling;
}

Ruling enforced(const Category& category, const Placed<Disposition>& disposition, const Match& match, const std::string& reason) {
  Ruling ruling;
  ruling.disposition = disposition.value;
  ruling.where = disposition.where;
  ruling.action = disposition.value == Disposition::kProhibited ? Action::kBlock
                  : disposition.value == Disposition::kLimited  ? Action::kLog
                                                                : Action::kPass;
  ruling.reason = fmt::format("{} is {}{}{}", category.id, to_string(disposition.value), reason.empty() ? "" : ": ", reason);
  if (disposition.value == Disposition::kAllowed) return ruling;
  for (const Enforcement& rule : category.enforce) {
    if (match.severity < rule.severity || (rule.direction && *rule.direction != match.direction)) continue;
    ruling.action = rule.action;
    ruling.review = rule.review;
    ruling.reply = rule.reply;
    ruling.where = rule.where;
    ruling.reason += fmt::format("; from severity {} on: {}", rule.severity, to_string(rule.action));
    break;
  }
  ruling.violation =
      disposition.value == Disposition::kProhibited && match.direction == Direction::kInput && ruling.action == Action::kBlock;
  return ruling;
}

}  // namespace

Ruling resolve(const Document& document, const Context& context, const Match& match, std::vector<Step>* steps) {
  const Category* category = document.find(match.category);
  if (!category) {
    Ruling ruling;
    ruling.reason = fmt::format("the policy has no category '{}': recorded only", match.category);
    ruling.where.file = document.files.empty() ? "" : document.files.back();
    return ruling;
  }
  std::string reason;
  const Placed<Disposition> disposition = disposition_of(*category, context, match, steps, reason);
  const Placed<double> threshold = threshold_of(*category, context, match);
  if (match.score < threshold.value) {
    Ruling ruling;
    ruling.action = Action::kPass;
    ruling.disposition = disposition.value;
    ruling.threshold = threshold.value;
    ruling.reason = fmt::format("score {:.2f} is below the threshold {:.2f}: recorded only", match.score, threshold.value);
    ruling.where = threshold.where;
    return ruling;
  }
  const auto floor = category->at_risk.find(std::string(match.subtype));
  if (floor != category->at_risk.end() && match.direction == Direction::kInput) {
    note(steps, fmt::format("'{}' is an at-risk subtype: a floor that no override lowers", match.subtype), floor->second);
    return supportive_ruling(*category, floor->second, disposition.value, threshold.value);
  }
  Ruling ruling = enforced(*category, disposition, match, reason);
  ruling.threshold = threshold.value;
  return ruling;
}

}  // namespace steward::policy
