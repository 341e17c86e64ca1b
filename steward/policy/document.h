#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "steward/policy/policy.h"

namespace steward::policy {

/// From this score on a finding counts, unless the category says otherwise.
inline constexpr double kDefaultThreshold = 0.5;

/// A value with the line that gave it.
template <class T>
struct Placed {
  T value{};
  yaml::Location where;
};

struct Override {
  std::map<std::string, std::vector<std::string>> when;  ///< age_band, jurisdiction, language, audience, surface, subtype → any of
  Disposition disposition = Disposition::kProhibited;
  std::string reason;
  yaml::Location where;
};

struct Enforcement {
  int severity = 0;                    ///< from this severity on
  std::optional<Direction> direction;  ///< none: both
  Action action = Action::kBlock;
  bool review = false;
  std::string reply;  ///< id of the canned reply to give, or empty
  yaml::Location where;
};

struct Thresholds {
  std::optional<Placed<double>> input, output;
  std::map<std::string, Placed<double>> by_language;
  // Budgets of false positives, where the file gives them in place of thresholds.
  std::optional<double> budget, input_budget, output_budget;
  std::map<std::string, double> budget_by_language;
};

struct Category {
  std::string id;
  std::string definition;
  Placed<Disposition> disposition;
  std::map<std::string, Placed<Disposition>> by_subtype;
  std::map<std::string, yaml::Location> at_risk;  ///< subtypes whose user may be in danger
  std::string support;                            ///< canned reply for them
  bool relaxable = false;
  std::vector<Override> overrides;
  Thresholds detect;
  std::vector<Enforcement> enforce;  ///< sorted by severity, falling
  yaml::Node severity, examples, annotation, evidence;
  yaml::Location where;
};

/// A category that is not evidenced in a language, accepted by name.
struct AcceptedGap {
  std::vector<std::string> categories, languages;
  std::string why;
  std::string until;  ///< ISO date
  yaml::Location where;
};

/// A policy file with everything that it extends, as read.
struct Document {
  std::string id, version, owner, effective;
  std::vector<std::string> audience, languages, surfaces, jurisdictions;
  std::vector<Category> categories;
  std::vector<FilterSpec> filters;
  std::map<std::string, std::vector<yaml::Node>> filter_evidence;  ///< filter name → evidence entries
  std::vector<CannedReply> canned;
  std::vector<Resource> resources;
  std::vector<Placed<std::string>> resource_places;
  std::vector<Notice> notices;
  std::vector<PromptRule> prompt_rules;
  std::map<std::string, std::map<std::string, std::string>> refusals;  ///< category or "default" → language → text
  Retention retention;
  std::vector<AcceptedGap> gaps;
  std::vector<yaml::Node> tests;
  std::vector<std::string> files;  ///< itself last
  yaml::Node root;                 ///< of the last file
  std::string bytes;               ///< of all files, for the digest

  const Category* find(std::string_view category) const;
};

/// Reads `path` and what it extends. Errors: as Policy::load.
Result<Document> read_document(const std::string& path, const Policy::LoadOptions& options);

/// The document behind a policy made by Policy::load, for check, explain and diff.
const Document& document_of(const Policy& policy);

}  // namespace steward::policy
