#pragma once

#include <span>
#include <string_view>

namespace steward::filters {

/// How one language declines, and how it helps. Whole words of the folded view.
struct RefusalPhrases {
  std::string_view language;
  std::span<const std::string_view> apology;    ///< I'm sorry
  std::span<const std::string_view> inability;  ///< I can't help with that
  std::span<const std::string_view> reason;     ///< as an AI; it is illegal; against my guidelines
  std::span<const std::string_view> offer;      ///< is there anything else; please contact
  std::span<const std::string_view> help;       ///< here is how; step 1
  /// Each beginning with each ending is an inability, too: "i can't", "provide".
  std::span<const std::string_view> inability_begins = {};
  std::span<const std::string_view> inability_ends = {};
};

/// One entry a language: en, de, es, fr, pt, it, nl, hi, zh, ja, ko, ar, ru.
std::span<const RefusalPhrases> refusal_phrases();

}  // namespace steward::filters
