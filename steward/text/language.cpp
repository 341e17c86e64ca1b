#include "steward/text/language.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>

#include "steward/text/view.h"
#include "steward/text/words.h"

namespace steward::text {
namespace {

constexpr int kCharsMax = 200;

struct Script {
  char32_t first, last;
  std::string_view language;
};
/// Scripts that tell the language, or nearly so.
constexpr Script kScripts[] = {{0x3040, 0x30FF, "ja"}, {0xAC00, 0xD7A3, "ko"}, {0x1100, 0x11FF, "ko"}, {0x4E00, 0x9FFF, "zh"},
                               {0x0E00, 0x0E7F, "th"}, {0x0E80, 0x0EFF, "lo"}, {0x1000, 0x109F, "my"}, {0x1780, 0x17FF, "km"},
                               {0x0590, 0x05FF, "he"}, {0x0370, 0x03FF, "el"}, {0x0980, 0x09FF, "bn"}, {0x0B80, 0x0BFF, "ta"},
                               {0x0C00, 0x0C7F, "te"}, {0x0A00, 0x0A7F, "pa"}, {0x0A80, 0x0AFF, "gu"}, {0x0C80, 0x0CFF, "kn"},
                               {0x0D00, 0x0D7F, "ml"}, {0x0530, 0x058F, "hy"}, {0x10A0, 0x10FF, "ka"}, {0x0900, 0x097F, "hi"},
                               {0x0600, 0x06FF, "ar"}, {0x0400, 0x04FF, "ru"}};

struct Stopwords {
  std::string_view language;
  std::string_view words;  ///< between spaces
};
constexpr Stopwords kStopwords[] = {
    {"en",
     " the of and to in is are was it that for on with as you this be have what how do i can my not from at or an will your me we they "
     "about which would there their "},
    {"de",
     " der die das und ist nicht ich ein eine zu mit den von sie es wie was auf für im dem auch du mir mich wir kann sind hat wird bei "
     "nach über oder aber bitte wo "},
    {"es",
     " el la los las de que y en un una es no se por con para del como su al lo más qué cómo cuál soy está pero este esta mi me te hay son "
     "muy puedes dónde "},
    {"fr",
     " le la les de des et est un une que qui dans pour pas sur au avec ce il elle je vous nous ne du en se sont comment quel quelle mon "
     "ma mes tu moi très où être "},
    {"pt",
     " o a os as de que e do da em um uma para com não é se por mais como dos das no na eu você meu minha qual são foi muito onde está "
     "pode ser "},
    {"it",
     " il lo la i gli le di che e un una per non è con si come da in sono del della dei nel mi ti ci ho hai cosa quale dove molto più "
     "anche questo questa può "},
    {"nl",
     " de het een en van is dat niet op te zijn ik in met voor die aan er ook maar hoe wat je we naar bij kan wordt heeft mijn waar om "},
    {"pl", " i w na nie się z do to jest że o jak po co tak za od czy dla przez ale jestem są mnie ten ta gdzie może być "},
    {"sv", " och att det som en är på för av med jag inte den till har ett var de kan om vi hur vad du mig när från eller "},
    {"tr", " ve bir bu için ile da de ne mi çok ben sen o var nasıl gibi daha olarak değil en ama kadar nedir "},
    {"id", " yang dan di itu dengan untuk tidak ini dari dalam akan pada juga saya ke karena apa bisa ada mereka adalah bagaimana "},
    {"vi", " là của và có không được cho một những các này tôi với trong như người đã bạn thế nào khi về để "}};

/// Which lists a function word is in, one bit a list.
std::uint32_t lists_of(std::string_view word) {
  static const auto lists = [] {
    std::unordered_map<std::string_view, std::uint32_t> out;
    for (std::size_t i = 0; i < std::size(kStopwords); ++i) {
      std::string_view rest = kStopwords[i].words.substr(1);
      for (std::size_t space = rest.find(' '); space != std::string_view::npos; space = rest.find(' ')) {
        out[rest.substr(0, space)] |= 1u << i;
        rest.remove_prefix(space + 1);
      }
    }
    return out;
  }();
  const auto found = lists.find(word);
  return found == lists.end() ? 0 : found->second;
}

/// Each function word has one vote, shared by the languages that have it.
LanguageGuess by_function_words(std::string_view text) {
  std::array<double, std::size(kStopwords)> votes{};
  double words = 0, total = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    while (at < text.size()) {
      std::size_t next = at;
      if (!is_word_char(next_char(text, next))) break;
      at = next;
    }
    if (at > begin) {
      ++words;
      const std::uint32_t lists = lists_of(text.substr(begin, at - begin));
      const int count = std::popcount(lists);
      for (std::size_t i = 0; lists >> i != 0; ++i)
        if ((lists >> i & 1) != 0) votes[i] += 1.0 / count, total += 1.0 / count;
    }
    if (at < text.size()) next_char(text, at);
  }
  std::string_view best = "und";
  double most = 0;
  for (std::size_t i = 0; i < votes.size(); ++i) {
    const std::string_view language = kStopwords[i].language;
    if (votes[i] > most || (votes[i] == most && most > 0 && language < best)) best = language, most = votes[i];
  }
  const double probability = total > 0 ? most / (total + 0.5) : 0;
  if (probability < 0.5 || words < 2) return {"und", probability};
  return {std::string(best), probability};
}

}  // namespace

bool is_unspaced_language(std::string_view language) {
  for (const std::string_view one : {"zh", "ja", "th", "lo", "km", "my"})
    if (one == language) return true;
  return false;
}

LanguageGuess identify_language(std::string_view utf8) {
  std::size_t end = 0;
  for (int chars = 0; end < utf8.size() && chars < kCharsMax; ++chars) next_char(utf8, end);
  const std::string text = fold_text(utf8.substr(0, std::min(end, utf8.size())));
  std::map<std::string_view, double> by_script;
  int letters = 0, latin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = next_char(text, at);
    if (!is_word_char(c) || (c >= '0' && c <= '9')) continue;
    ++letters;
    if (c < 0x250 || (c >= 0x1E00 && c < 0x1F00)) ++latin;
    if (c < 0x370) continue;
    for (const Script& script : kScripts)
      if (c >= script.first && c <= script.last) {
        by_script[script.language] += 1;
        break;
      }
  }
  if (letters < 2) return {};
  if (by_script.contains("ja")) by_script["ja"] += by_script["zh"], by_script["zh"] = 0;
  for (const auto& [language, count] : by_script)
    if (count >= 0.5 * letters) return {std::string(language), count / letters};
  if (latin < 0.5 * letters) return {};
  return by_function_words(text);
}

}  // namespace steward::text
