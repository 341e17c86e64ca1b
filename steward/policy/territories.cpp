#include "steward/policy/check.h"

#include <algorithm>
#include <utility>

namespace steward::policy {
namespace {

/// Official or de facto official languages, after CLDR 44 supplemental territory data.
constexpr std::pair<std::string_view, std::string_view> kTerritories[] = {
    {"AR", "es"},       {"AT", "de"},    {"AU", "en"},    {"BD", "bn"},       {"BE", "nl fr de"},    {"BR", "pt"}, {"CA", "en fr"},
    {"CH", "de fr it"}, {"CL", "es"},    {"CN", "zh"},    {"CO", "es"},       {"CZ", "cs"},          {"DE", "de"}, {"DK", "da"},
    {"EG", "ar"},       {"ES", "es ca"}, {"FI", "fi sv"}, {"FR", "fr"},       {"GB", "en"},          {"GR", "el"}, {"HU", "hu"},
    {"ID", "id"},       {"IE", "en ga"}, {"IL", "he ar"}, {"IN", "hi en bn"}, {"IR", "fa"},          {"IT", "it"}, {"JP", "ja"},
    {"KE", "sw en"},    {"KR", "ko"},    {"MA", "ar fr"}, {"MX", "es"},       {"MY", "ms en zh"},    {"NG", "en"}, {"NL", "nl"},
    {"NO", "no"},       {"NZ", "en"},    {"PE", "es"},    {"PH", "fil en"},   {"PK", "ur en"},       {"PL", "pl"}, {"PT", "pt"},
    {"RO", "ro"},       {"RU", "ru"},    {"SA", "ar"},    {"SE", "sv"},       {"SG", "en zh ms ta"}, {"TH", "th"}, {"TR", "tr"},
    {"TW", "zh"},       {"UA", "uk"},    {"US", "en es"}, {"VN", "vi"},       {"ZA", "en zu af"}};

}  // namespace

std::vector<std::string> languages_of(std::string_view jurisdiction) {
  std::vector<std::string> out;
  for (const auto& [place, languages] : kTerritories) {
    if (place != jurisdiction) continue;
    for (std::size_t at = 0; at < languages.size();) {
      const std::size_t end = std::min(languages.find(' ', at), languages.size());
      out.emplace_back(languages.substr(at, end - at));
      at = end + 1;
    }
  }
  return out;
}

}  // namespace steward::policy
