#pragma once

#include <array>
#include <vector>

#include "steward/filters/injection/evidence.h"

namespace steward::filters {

/// Evidence added up by voice: that of the window (kWindowBytes) with the most. Weights are log-odds, fitted by tools/injection/fit.py
/// (README.md). None is negative, so that nothing that an attacker adds speaks for the text; each evidence counts once a window.
struct Scores {
  struct Sum {
    double evidence = 0;             ///< sum of weights
    double extraction = 0;           ///< of it, what asks for the instructions
    std::size_t begin = 0, end = 0;  ///< where the window's evidence is, in the raw text
  };
  std::array<Sum, kVoices> best;
  bool is_short = false;  ///< kShortBytes: evidence weighs more where there is little else
  const Sum& of(Voice voice) const { return best[static_cast<std::size_t>(voice)]; }
  double log_odds(Voice voice) const;  ///< with the intercept: how rare attacks are
  double probability(Voice voice) const;
};

/// `bytes`: of the text that the evidence was read in.
Scores score_of(const std::vector<Evidence>& evidence, std::size_t bytes);
/// Log-odds that one evidence adds.
double weight_of(std::size_t number, Voice voice);
double intercept_of(Voice voice, bool is_short);
double logistic(double log_odds);
/// The names in the table of weights, for the test that each is known.
std::vector<std::string_view> weighed_names();

}  // namespace steward::filters
