#include "steward/filters/classifier/meanings.h"

#include <array>

#include "steward/classify/labels.h"

namespace steward::filters {
namespace {

// Profanity is the business of lists, which do not take every "tool" for an insult. A request that is unsafe in no category that has a head
// is named nonviolent_crimes.unspecified; self-harm that a user writes of may be their own, so that the policy's floor for users at risk
// answers it.
constexpr Meaning kMeanings[] = {
    {"unsafe", "nonviolent_crimes", "unspecified", 2, true, false, false},
    {"toxic", "harassment", "", 1, true, true, false},
    {"attack", "prompt_attack", "jailbreak", 2, true, false, false},
    {"jailbreak", "prompt_attack", "jailbreak", 2, true, false, false},
    {"injection", "prompt_attack", "injection", 1, false, false, true},
    {"hate", "hate", "", 2, true, true, false},
    {"harassment", "harassment", "", 2, true, true, false},
    {"threat", "harassment", "threat", 2, true, true, false},
    {"sexual", "sexual_content", "", 2, true, true, false},
    {"self_harm", "self_harm", "intent", 2, true, false, false},
    {"violence", "violent_crimes", "", 2, true, false, false},
    {"illicit", "nonviolent_crimes", "", 2, true, false, false},
    {"weapons", "weapons_cbrne", "", 2, true, false, false},
    {"cyber", "code_abuse", "", 2, true, false, false},
    {"sexual_crime", "sex_crimes", "", 2, true, false, false},
    {"child_safety", "child_exploitation", "", 2, true, false, false},
    {"privacy", "nonviolent_crimes", "privacy", 2, true, false, false},
    {"defamation", "defamation", "", 1, true, false, false},
    {"ip", "ip", "", 1, true, false, false},
};

constexpr auto kByLabel = [] {
  std::array<const Meaning*, classify::kLabelCount> table{};
  for (const Meaning& meaning : kMeanings)
    for (std::size_t label = 0; label < classify::kLabelCount; ++label)
      if (classify::kLabels[label] == meaning.label) table[label] = &meaning;
  return table;
}();

}  // namespace

bool has_evidence(const classify::LabelCalibration& calibration) {
  constexpr std::size_t kPositivesMin = 100;
  return calibration.positives >= kPositivesMin && calibration.platt.slope > 0;
}

const Meaning* meaning_of(std::size_t label) { return kByLabel[label]; }

bool applies(const Meaning& meaning, const guard::Scope& scope) {
  if (scope.direction == policy::Direction::kOutput) return meaning.on_output;
  return scope.role == "tool" ? meaning.of_data : meaning.on_input;
}

}  // namespace steward::filters
