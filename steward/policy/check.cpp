#include "steward/policy/check.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

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
    const bool prohibited = category.disposition.value == Disposition::kProhibited ||
                            std::any_of(category.by_subtype.begin(), category.by_subtype.end(),
                                        [](const auto& entry) { return entry.second.value == Disposition::kProhibited; });
    if (!prohibited) continue;
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
  check_support(document, options, problems);
  check_texts(document, options, problems);
  return problems;
}

}  // namespace steward::policy
