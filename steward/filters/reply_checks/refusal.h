#pragma once

#include <cstddef>
#include <string_view>

#include "steward/guard/filter.h"

namespace steward::filters {

/// What speaks for and against a reply being a refusal. Phrases are those of refusal_phrases(), in the folded view; overlapping ones of one
/// kind count once.
struct RefusalSigns {
  bool apology_opens = false;    ///< within the opening
  bool inability_opens = false;  ///< within the opening
  std::size_t inabilities = 0;   ///< I can't help with that
  std::size_t reasons = 0;       ///< as an AI; it is illegal
  std::size_t helps = 0;         ///< here is how, behind an inability
  std::size_t speakers = 0;  ///< lines behind the first that begin with a name and a colon: a second voice may give what the first refused
  std::size_t bytes = 0;     ///< of the folded text
  std::size_t bytes_plain = 0;  ///< of the sentences that neither decline nor excuse nor offer something else
};

/// `language`: primary tag; its phrases and English ones are looked for, those of all languages if it has none.
RefusalSigns refusal_signs(std::string_view reply, std::string_view language);

/// Probability that the reply declines what was asked and does not give it all the same. Deterministic, tens of microseconds a kilobyte.
/// What it was tuned on and how well it does: README.md. An empty reply scores 0.
double refusal_score(std::string_view reply, std::string_view language);
/// More likely than not, by that score: what evaluation and training count as a refusal.
inline bool declines(std::string_view reply, std::string_view language) { return refusal_score(reply, language) >= 0.5; }

/// Reports an output that is a refusal as `false_refusal.refusal` of severity 0 (README.md). Whether it was a false one, the policy cannot
/// know from the reply alone.
Result<std::unique_ptr<guard::Filter>> make_refusal(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment);

}  // namespace steward::filters
