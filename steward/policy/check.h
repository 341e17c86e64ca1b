#pragma once

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

struct CheckOptions {
  std::int64_t today_days = 0;             ///< days since the epoch, for dates that have passed
  std::vector<std::string> languages;      ///< of the product, beside the policy's own
  std::vector<std::string> jurisdictions;  ///< of the product: their languages count where none are listed
};

/// What a policy that parses may still get wrong: prohibited categories without an evidenced detector in a declared language (unless
/// the gap is accepted by name), at-risk categories without resources, replies and resources past their dates, notices that
/// lack a language.
std::vector<Problem> check(const Policy& policy, const CheckOptions& options);

/// Languages that most people in the jurisdiction read, most common first (CLDR 44 territory data, rounded), or empty if unknown here.
std::vector<std::string> languages_of(std::string_view jurisdiction);

}  // namespace steward::policy
