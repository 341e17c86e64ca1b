#include "steward/filters/sensitive/topic_list.h"

#include <algorithm>
#include <charconv>
#include <sstream>

#include <fmt/format.h>

#include "steward/core/files.h"
#include "steward/text/words.h"

namespace steward::filters {
namespace {

/// No entry may decide more than this, either way.
constexpr double kWeightMax = 9;

struct Endings {
  std::string_view language;
  std::vector<std::string_view> suffixes;
  std::vector<std::string_view> prefixes;
  std::string_view before;  ///< prefixes stand before these letters only; empty: before all
};

const std::vector<Endings>& all_endings() {
  static const std::vector<Endings> endings = {
      {"en", {"s", "es", "'s"}, {}, ""},
      {"de", {"e", "en", "er", "es", "s", "n"}, {}, ""},
      {"nl", {"en", "s", "e"}, {}, ""},
      {"es", {"s", "es"}, {}, ""},
      {"pt", {"s", "es"}, {}, ""},
      {"fr", {"s", "e", "es"}, {"l'", "d'"}, "aeiouhéèêàâîô"},
      {"it", {}, {"l'", "d'", "un'", "dell'", "all'"}, "aeiouè"},
      {"hi", {"ों", "ें"}, {}, ""},
      {"ar", {}, {"ال", "و", "وال", "بال", "لل", "ب", "ل"}, ""},
      {"ko", {"은", "는", "이", "가", "을", "를", "에", "의", "로", "으로", "와", "과", "도", "만", "에서", "이나", "이란", "란"}, {}, ""},
  };
  return endings;
}

struct Plain {
  std::string_view accented, plain;
};
constexpr Plain kPlain[] = {
    {"á", "a"}, {"à", "a"}, {"â", "a"}, {"ã", "a"},  {"ç", "c"},  {"é", "e"},  {"è", "e"},  {"ê", "e"},  {"ë", "e"},
    {"í", "i"}, {"ì", "i"}, {"î", "i"}, {"ï", "i"},  {"ñ", "n"},  {"ó", "o"},  {"ò", "o"},  {"ô", "o"},  {"õ", "o"},
    {"ú", "u"}, {"ù", "u"}, {"û", "u"}, {"ü", "ue"}, {"ö", "oe"}, {"ä", "ae"}, {"ß", "ss"}, {"œ", "oe"},
};

std::string without_accents(std::string text) {
  for (const Plain& pair : kPlain)
    for (auto at = text.find(pair.accented); at != std::string::npos; at = text.find(pair.accented, at))
      text.replace(at, pair.accented.size(), pair.plain);
  return text;
}

bool begins_with_one_of(std::string_view phrase, std::string_view letters) {
  for (std::size_t at = 0; at < letters.size();) {
    const std::size_t begin = at;
    text::next_char(letters, at);
    if (phrase.starts_with(letters.substr(begin, at - begin))) return true;
  }
  return letters.empty();
}

/// Italian changes the last vowel.
void add_italian(const std::string& phrase, std::vector<std::string>& out) {
  const std::string stem = phrase.substr(0, phrase.size() - 1);
  switch (phrase.back()) {
    case 'a':
      out.push_back(stem + "e");
      break;
    case 'o':
    case 'e':
      out.push_back(stem + "i");
      break;
    default:
      break;
  }
}

Result<double> read_weight(std::string_view text, const std::string& place) {
  double weight = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), weight);
  if (error != std::errc() || end != text.data() + text.size() || !(weight >= -kWeightMax && weight <= kWeightMax))
    return fail(ErrorCode::kInvalidInput, fmt::format("{}: behind the tab stands a weight from -{} to {}", place, kWeightMax, kWeightMax));
  return weight;
}

}  // namespace

double section_weight(std::string_view section) {
  // With the tally's bias of -4: one strong entry is enough, two fair ones, or three weak ones.
  return section == "strong" ? 5.0 : section == "fair" ? 2.8 : section == "weak" ? 1.4 : 0;
}

Result<std::vector<TopicEntry>> read_topic_entries(const std::string& path, const std::vector<std::string_view>& sections) {
  const std::string text = TRY(read_file(path, 16u << 20));
  if (const auto bad = text::find_invalid_utf8(text))
    return fail(ErrorCode::kInvalidInput, fmt::format("{}: not UTF-8 at byte {}", path, *bad));
  std::vector<TopicEntry> entries;
  std::istringstream in(text);
  std::string section;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    const std::string place = fmt::format("{}:{}", path, ++number);
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (line.empty() || line[0] == '#') continue;
    if (line[0] == '[') {
      section = line.substr(1, line.size() - 2);
      if (line.back() != ']' || std::find(sections.begin(), sections.end(), section) == sections.end())
        return fail(ErrorCode::kInvalidInput, fmt::format("{}: no such section; known: [{}]", place, fmt::join(sections, "], [")));
      continue;
    }
    if (section.empty()) return fail(ErrorCode::kInvalidInput, place + ": a [section] must stand before the first phrase");
    TopicEntry entry;
    const auto tab = line.find('\t');
    entry.phrase = line.substr(0, tab);
    entry.section = section;
    entry.weight = tab == std::string::npos ? section_weight(section) : TRY(read_weight(std::string_view(line).substr(tab + 1), place));
    entry.line = number;
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::vector<std::string> plain_spellings(const std::string& phrase) {
  std::vector<std::string> out{phrase};
  const auto add = [&](std::string other) {
    if (std::find(out.begin(), out.end(), other) == out.end()) out.push_back(std::move(other));
  };
  add(without_accents(phrase));
  std::string run_together = phrase;
  std::erase(run_together, '\'');
  add(run_together);
  return out;
}

std::vector<std::string> inflected(const std::string& phrase, std::string_view language) {
  std::vector<std::string> out{phrase};
  if (phrase.size() < 3) return out;
  if (language == "it") add_italian(phrase, out);
  if (language == "en" && phrase.ends_with('y')) out.push_back(phrase.substr(0, phrase.size() - 1) + "ies");
  for (const Endings& endings : all_endings()) {
    if (endings.language != language) continue;
    for (const std::string_view suffix : endings.suffixes) out.push_back(phrase + std::string(suffix));
    if (!begins_with_one_of(phrase, endings.before)) continue;
    const std::size_t bare = out.size();
    for (const std::string_view prefix : endings.prefixes)
      for (std::size_t i = 0; i < bare; ++i) out.push_back(std::string(prefix) + out[i]);
  }
  const std::size_t accented = out.size();
  for (std::size_t i = 0; i < accented; ++i)
    if (std::string plain = without_accents(out[i]); plain != out[i]) out.push_back(std::move(plain));
  return out;
}

}  // namespace steward::filters
