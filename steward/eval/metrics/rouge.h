#pragma once

#include <span>
#include <string>
#include <string_view>

namespace steward::eval {

struct Overlap {
  double precision = 0, recall = 0, f = 0;  ///< f: their harmonic mean, 0 if both are 0
};
struct Rouge {
  Overlap one, two;  ///< of words, of pairs of neighbouring words
  Overlap longest;   ///< of the longest common subsequence of the whole texts (ROUGE-L)
};
enum class Stemming { kOff, kPorter };

/// ROUGE-1, -2 and -L [Lin 2004] as the Python package `rouge-score` counts them: lower case, words of a-z and 0-9. Texts in other scripts
/// have no words and score 0. Stemming (words of more than 3 letters) is Porter's original [1980]; the package's has exceptions of its own.
Rouge rouge(std::string_view reference, std::string_view candidate, Stemming stemming = Stemming::kOff);
/// Of each measure the overlap with the highest F among the references; zeros without any.
Rouge best_rouge(std::span<const std::string> references, std::string_view candidate, Stemming stemming = Stemming::kOff);

}  // namespace steward::eval
