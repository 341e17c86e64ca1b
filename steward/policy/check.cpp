#include "steward/policy/check.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "steward/core/clock.h"
#include "steward/policy/document.h"

namespace steward::policy {
namespace {

bool contains(const std::vector<std::string>& all, std::string_view one) { return std::find(all.begin(), all.end(), one) != all.end(); }

/// The languages that the policy must cover: its own, the product's, or else those of the jurisdictions.
std::vector<std::string> market_languages(const Document& document, const CheckOptions& options) {
  std::set<std::string> out(document.languages.begin(), document.languages.end());
  out.insert(options.languages.begin(), options.languages.end());
  if (!out.empty()) return {out.begin(), out.end()};
  for (const auto* places : {&document.jurisdictions, &options.jurisdictions})
    for (const std::string& place : *places)
      for (std::string& language : languages_of(place)) out.insert(std::move(language));
  return {out.begin(), out.end()};
}

bool is_prohibited(const Category& category) {
  return category.disposition.value == Disposition::kProhibited ||
         std::any_of(category.by_subtype.begin(), category.by_subtype.end(),
                     [](const auto& entry) { return entry.second.value == Disposition::kProhibited; });
}

bool has_evidence(const Document& document, const std::string& category, const std::string& language) {
  const auto in_shadow = [&](const std::string& name) {
    return std::any_of(document.filters.begin(), document.filters.end(),
                       [&](const FilterSpec& filter) { return filter.name == name && filter.shadow; });
  };
  for (const auto& [filter, entries] : document.filter_evidence) {
    if (in_shadow(filter)) continue;  // it decides nothing
    for (const yaml::Node& entry : entries) {
      const yaml::Node* named = entry.find("category");
      const yaml::Node* languages = entry.find("languages");
      if (!named || !languages) continue;
      const auto categories = named->as_strings();
      const auto tags = languages->as_strings();
      if (categories && tags && contains(*categories, category) && (contains(*tags, language) || contains(*tags, "*"))) return true;
    }
  }
  return false;
}

const AcceptedGap* gap_for(const Document& document, const std::string& category, const std::string& language) {
  const AcceptedGap* found = nullptr;  // the last one: a child's over its parent's
  for (const AcceptedGap& gap : document.gaps) {
    const bool fits = (contains(gap.categories, category) || contains(gap.categories, "*")) &&
                      (contains(gap.languages, language) || contains(gap.languages, "*"));
    if (fits) found = &gap;
  }
  return found;
}

void check_evidence(const Document& document, const CheckOptions& options, std::vector<Problem>& problems) {
  const auto languages = market_languages(document, options);
  for (const Category& category : document.categories) {
    if (!is_prohibited(category)) continue;
    for (const std::string& language : languages) {
      if (has_evidence(document, category.id, language)) continue;
      const AcceptedGap* gap = gap_for(document, category.id, language);
      if (gap && parse_date_days(gap->until) >= options.today_days) continue;
      problems.push_back({Level::kError,
                          gap ? fmt::format("the gap '{}' in '{}' was accepted until {}: wire a detector with evidence, or accept it anew",
                                            category.id, language, gap->until)
                              : fmt::format("'{0}' is prohibited, and no filter has evidence for it in '{1}': wire one and name it in its "
                                            "`evidence`, or accept the gap by "
                                            "name: accepts_gap: [{{category: {0}, language: {1}, why: …, until: …}}]",
                                            category.id, language),
                          gap ? gap->where : category.where});
    }
  }
}

/// Evidence that names a learned filter for what its data do not show.
void check_claims(const Document& document, const FilterReach& reach, std::vector<Problem>& problems) {
  const auto entries = document.filter_evidence.find(reach.filter);
  if (entries == document.filter_evidence.end()) return;
  for (const yaml::Node& entry : entries->second) {
    const yaml::Node* named = entry.find("category");
    const yaml::Node* tags = entry.find("languages");
    if (!named || !tags) continue;
    for (const std::string& category : named->as_strings().value_or(std::vector<std::string>())) {
      const auto found = reach.languages_of.find(category);
      for (const std::string& language : tags->as_strings().value_or(std::vector<std::string>())) {
        if (found != reach.languages_of.end() && found->second.contains(language)) continue;
        const bool headless = found == reach.languages_of.end() || found->second.empty();
        problems.push_back(
            {Level::kError,
             fmt::format("'{}' is named as evidence for '{}' in '{}', and its models {}: name another filter, or accept the gap",
                         reach.filter, category, language,
                         headless ? std::string("have no head for it")
                                  : fmt::format("were measured on it in {} alone", fmt::join(found->second, ", "))),
             entry.where});
      }
    }
  }
}

/// What the models of a learned filter leave to others, of the policy's prohibited categories and languages.
void check_reach(const Document& document, const CheckOptions& options, std::vector<Problem>& problems) {
  for (const FilterReach& reach : options.reaches) {
    const auto spec = std::find_if(document.filters.begin(), document.filters.end(),
                                   [&](const FilterSpec& filter) { return filter.name == reach.filter; });
    if (spec == document.filters.end()) continue;
    check_claims(document, reach, problems);
    std::vector<std::string> headless, measured;
    for (const auto& [category, languages] : reach.languages_of) {
      const Category* found = document.find(category);
      if (found && is_prohibited(*found)) (languages.empty() ? headless : measured).push_back(category);
    }
    const auto warn = [&](std::string words) { problems.push_back({Level::kWarning, std::move(words), spec->where}); };
    if (!headless.empty())
      warn(fmt::format("the models of '{}' have no head for {} (too few rows to show that one works): only other filters look for that",
                       reach.filter, fmt::join(headless, ", ")));
    for (const std::string& language : market_languages(document, options)) {
      if (!contains(reach.languages, language)) {
        warn(fmt::format("the models of '{}' have no figures in '{}': such texts are announced as language_uncovered", reach.filter,
                         language));
        continue;
      }
      std::vector<std::string> without;
      for (const std::string& category : measured)
        if (!reach.languages_of.at(category).contains(language)) without.push_back(category);
      if (!without.empty())
        warn(fmt::format("in '{}' nothing shows that the models of '{}' find {}", language, reach.filter, fmt::join(without, ", ")));
    }
  }
}

void check_support(const Document& document, const CheckOptions& options, std::vector<Problem>& problems) {
  for (std::size_t i = 0; i < document.resources.size(); ++i) {
    const Resource& resource = document.resources[i];
    if (parse_date_days(resource.expires) < options.today_days)
      problems.push_back({Level::kWarning,
                          fmt::format("the resource '{}' expired on {} and is not shown: verify it again", resource.name, resource.expires),
                          document.resource_places[i].where});
  }
  for (const Category& category : document.categories) {
    if (category.at_risk.empty()) continue;
    const bool international = std::any_of(document.resources.begin(), document.resources.end(), [&](const Resource& resource) {
      return resource.topic == category.id && resource.place == "*" && parse_date_days(resource.expires) >= options.today_days;
    });
    if (!international)
      problems.push_back(
          {Level::kError,
           fmt::format("'{}' has at-risk subtypes and no valid resource with place \"*\": add an international directory under "
                       "`resources`, for users whose place is unknown",
                       category.id),
           category.where});
  }
}

void check_texts(const Document& document, const CheckOptions& options, std::vector<Problem>& problems) {
  for (const CannedReply& canned : document.canned) {
    if (parse_date_days(canned.review_by) < options.today_days)
      problems.push_back({Level::kWarning,
                          fmt::format("the canned reply '{}' was due for review by {}: is the model able to answer by itself now? ({})",
                                      canned.id, canned.review_by, canned.retire_when),
                          canned.where});
  }
  for (const Notice& notice : document.notices) {
    for (const std::string& language : document.languages) {
      if (!notice.text.contains(language))
        problems.push_back({Level::kWarning,
                            fmt::format("the notice '{}' has no text in '{}': users get the English one", notice.id, language),
                            notice.where});
    }
  }
}

}  // namespace

std::vector<Problem> check(const Policy& policy, const CheckOptions& options) {
  const Document& document = document_of(policy);
  std::vector<Problem> problems;
  check_evidence(document, options, problems);
  check_reach(document, options, problems);
  check_support(document, options, problems);
  check_texts(document, options, problems);
  return problems;
}

}  // namespace steward::policy
