#pragma once

#include <string>
#include <string_view>

namespace steward::text {

struct LanguageGuess {
  std::string language = "und";  ///< BCP 47 primary tag; "und" when no language reaches p 0.5 (also on code, digits, a few letters)
  double probability = 0;
};

/// Identifies the language of at most the first 200 characters of `utf8`, by script and, for Latin letters, by the function words of a
/// dozen languages. Coarse: Cyrillic is taken for Russian, Arabic letters for Arabic. Thread-safe, deterministic.
LanguageGuess identify_language(std::string_view utf8);

/// True if text in the language is written without spaces between words (zh, ja, th, lo, km, my).
bool is_unspaced_language(std::string_view language);

}  // namespace steward::text
