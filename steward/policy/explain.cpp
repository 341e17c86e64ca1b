#include "steward/policy/explain.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "steward/policy/document.h"
#include "steward/policy/resolve.h"

namespace steward::policy {
namespace {

std::string name_of(const Match& match) {
  return match.subtype.empty() ? std::string(match.category) : fmt::format("{}.{}", match.category, match.subtype);
}

void diff_enforcement(const Category& before, const Category& after, std::vector<std::string>& out) {
  const auto words = [](const Category& category) {
    std::string text;
    for (const Enforcement& rule : category.enforce)
      text += fmt::format("{}severity {} on: {}{}", text.empty() ? "" : ", ", rule.severity, to_string(rule.action),
                          rule.direction ? fmt::format(" on {}", to_string(*rule.direction)) : "");
    return text.empty() ? std::string("the default") : text;
  };
  if (words(before) != words(after))
    out.push_back(
        fmt::format("{}: enforcement was [{}], becomes [{}] ({})", after.id, words(before), words(after), yaml::to_string(after.where)));
}

void diff_overrides(const Category& before, const Category& after, std::vector<std::string>& out) {
  const auto words = [](const Override& override_) {
    std::string text;
    for (const auto& [key, values] : override_.when)
      text += fmt::format("{}{} in [{}]", text.empty() ? "" : " and ", key, fmt::join(values, ", "));
    return fmt::format("{} when {}", to_string(override_.disposition), text);
  };
  std::multiset<std::string> old;
  for (const Override& override_ : before.overrides) old.insert(words(override_));
  for (const Override& override_ : after.overrides) {
    if (const auto found = old.find(words(override_)); found != old.end())
      old.erase(found);
    else
      out.push_back(fmt::format("{}: a new override: {} ({})", after.id, words(override_), yaml::to_string(override_.where)));
  }
  for (const std::string& gone : old) out.push_back(fmt::format("{}: an override goes: {}", after.id, gone));
}

void diff_thresholds(const Category& before, const Category& after, std::vector<std::string>& out) {
  const auto one = [&](std::string_view what, const std::optional<Placed<double>>& old, const std::optional<Placed<double>>& now) {
    if (old.has_value() == now.has_value() && (!old || old->value == now->value)) return;
    out.push_back(fmt::format("{}: the {} threshold changes from {} to {}", after.id, what,
                              old ? fmt::format("{}", old->value) : "the default", now ? fmt::format("{}", now->value) : "the default"));
  };
  one("input", before.detect.input, after.detect.input);
  one("output", before.detect.output, after.detect.output);
  std::set<std::string> languages;
  for (const Category* category : {&before, &after})
    for (const auto& [language, threshold] : category->detect.by_language) languages.insert(language);
  for (const std::string& language : languages) {
    const auto value = [&](const Category& category) -> std::optional<Placed<double>> {
      const auto found = category.detect.by_language.find(language);
      return found == category.detect.by_language.end() ? std::nullopt : std::optional(found->second);
    };
    one("'" + language + "'", value(before), value(after));
  }
}

void diff_category(const Category& before, const Category& after, std::vector<std::string>& out) {
  if (before.disposition.value != after.disposition.value)
    out.push_back(fmt::format("{}: was {}, becomes {} ({})", after.id, to_string(before.disposition.value),
                              to_string(after.disposition.value), yaml::to_string(after.disposition.where)));
  std::set<std::string> subtypes;
  for (const Category* category : {&before, &after})
    for (const auto& [subtype, placed] : category->by_subtype) subtypes.insert(subtype);
  for (const std::string& subtype : subtypes) {
    const auto value = [&](const Category& category) {
      const auto found = category.by_subtype.find(subtype);
      return found == category.by_subtype.end() ? category.disposition.value : found->second.value;
    };
    if (value(before) != value(after))
      out.push_back(fmt::format("{}.{}: was {}, becomes {}", after.id, subtype, to_string(value(before)), to_string(value(after))));
  }
  diff_overrides(before, after, out);
  diff_thresholds(before, after, out);
  diff_enforcement(before, after, out);
}

/// Names that only one side has, and names whose entries differ.
template <class T>
void diff_named(std::string_view what, const std::vector<T>& before, const std::vector<T>& after, std::string T::* name,
                bool (*same)(const T&, const T&), std::vector<std::string>& out) {
  const auto find = [&](const std::vector<T>& all, const std::string& id) {
    return std::find_if(all.begin(), all.end(), [&](const T& item) { return item.*name == id; });
  };
  for (const T& item : before)
    if (find(after, item.*name) == after.end()) out.push_back(fmt::format("{} '{}' goes", what, item.*name));
  for (const T& item : after) {
    const auto old = find(before, item.*name);
    if (old == before.end())
      out.push_back(fmt::format("{} '{}' is new ({})", what, item.*name, yaml::to_string(item.where)));
    else if (!same(*old, item))
      out.push_back(fmt::format("{} '{}' changes ({})", what, item.*name, yaml::to_string(item.where)));
  }
}

}  // namespace

std::string explain(const Policy& policy, const Context& context, const Match& match) {
  std::vector<Step> steps;
  const Ruling ruling = resolve(document_of(policy), context, match, &steps);
  std::string out = fmt::format("{} ({}, severity {}, score {:.2f}) for audience {}, age {}, place {}, language {}, surface {}:\n  {}{}\n",
                                name_of(match), to_string(match.direction), match.severity, match.score, context.audience, context.age_band,
                                context.jurisdiction, context.language, context.surface, to_string(ruling.action),
                                ruling.supportive ? ", with a supportive reply"
                                : ruling.review   ? ", and review"
                                                  : "");
  out += fmt::format("  because {}\n  decided at {}\n", ruling.reason, yaml::to_string(ruling.where));
  if (!steps.empty()) out += "  weighed:\n";
  for (const Step& step : steps) out += fmt::format("    {} ({})\n", step.words, yaml::to_string(step.where));
  return out;
}

std::vector<std::string> diff(const Policy& before, const Policy& after) {
  const Document& old = document_of(before);
  const Document& now = document_of(after);
  std::vector<std::string> out;
  if (old.version != now.version) out.push_back(fmt::format("version {} becomes {}", old.version, now.version));
  for (const Category& category : old.categories)
    if (!now.find(category.id)) out.push_back(fmt::format("category '{}' goes", category.id));
  for (const Category& category : now.categories) {
    if (const Category* earlier = old.find(category.id))
      diff_category(*earlier, category, out);
    else
      out.push_back(fmt::format("category '{}' is new: {} ({})", category.id, to_string(category.disposition.value),
                                yaml::to_string(category.where)));
  }
  diff_named<FilterSpec>(
      "filter", old.filters, now.filters, &FilterSpec::name,
      [](const FilterSpec& a, const FilterSpec& b) {
        return a.kind == b.kind && a.on_input == b.on_input && a.on_output == b.on_output && a.roles == b.roles &&
               a.fail_mode == b.fail_mode && a.stream_mode == b.stream_mode && a.shadow == b.shadow && a.decode == b.decode &&
               a.deadline == b.deadline && json::dump(yaml::to_json(a.config)) == json::dump(yaml::to_json(b.config));
      },
      out);
  diff_named<CannedReply>(
      "canned reply", old.canned, now.canned, &CannedReply::id,
      [](const CannedReply& a, const CannedReply& b) { return a.reply == b.reply && a.match == b.match; }, out);
  diff_named<Notice>(
      "notice", old.notices, now.notices, &Notice::id,
      [](const Notice& a, const Notice& b) { return a.text == b.text && a.when == b.when && a.places == b.places; }, out);
  if (old.refusals != now.refusals) out.push_back("refusal texts change");
  return out;
}

}  // namespace steward::policy
