#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "steward/policy/policy.h"

namespace steward::policy {

enum class Level { kError, kWarning };

struct Problem {
  Level level = Level::kError;
  std::string words;  ///< what is wrong and what to write instead
  yaml::Location where;
};

/// What the data behind a learned filter can show. Filters that know say so (filters/classifier/reach.h).
struct FilterReach {
  std::string filter;                                         ///< FilterSpec::name
  std::vector<std::string> languages;                         ///< in which anything of it was measured
  std::map<std::string, std::set<std::string>> languages_of;  ///< category → languages in which it was measured; empty: no head, no figures
};

struct CheckOptions {
  std::int64_t today_days = 0;             ///< days since the epoch, for dates that have passed
  std::vector<std::string> languages;      ///< of the product, beside the policy's own
  std::vector<std::string> jurisdictions;  ///< of the product: their languages count where none are listed
  std::vector<FilterReach> reaches;
};

/// What a policy that parses may still get wrong: prohibited categories without an evidenced detector in a declared language (unless
/// the gap is accepted by name), at-risk categories without resources, replies and resources past their dates, notices that
/// lack a language, evidence that a learned filter's data do not bear, and what its data leave out.
std::vector<Problem> check(const Policy& policy, const CheckOptions& options);

/// Languages that most people in the jurisdiction read, most common first (CLDR 44 territory data, rounded), or empty if unknown here.
std::vector<std::string> languages_of(std::string_view jurisdiction);

}  // namespace steward::policy
