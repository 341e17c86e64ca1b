#include <algorithm>

#include "steward/filters/pii/lexicon.h"
#include "steward/filters/pii/name_cue.h"
#include "steward/filters/pii/name_reader.h"
#include "steward/filters/pii/word_set.h"

namespace steward::filters::pii {
namespace {

/// A cue, as the text has it: the word [begin, end).
struct CueWord {
  NameCue cue;
  std::size_t begin;
  std::size_t end;
};

std::size_t skip_spaces(Reader& reader, std::size_t at, std::size_t most) {
  for (; most > 0 && reader.at(at) == ' '; --most) ++at;
  return at;
}

/// The word before the one that begins at `begin`, on the same line.
std::string_view previous_word(std::string_view text, std::size_t begin) {
  const std::size_t end = skip_spaces_back(text, begin, 2);
  return end == begin ? std::string_view() : word_before(text, end);
}

bool begins_line(std::string_view text, std::size_t at) {
  at = skip_spaces_back(text, at, 4);
  return at == 0 || text[at - 1] == '\n' || text[at - 1] == '>' || text[at - 1] == '*';
}

std::optional<Match> name_at(Reader& reader, std::size_t at, NameTrust trust) {
  auto name = read_name(reader, skip_titles(reader, at), trust);
  return name ? std::optional(std::move(name->match)) : std::nullopt;
}

/// Behind a label's colon and the quotes of JSON, or 0.
std::size_t behind_colon(Reader& reader, std::size_t end) {
  const bool quoted = reader.at(end) == '"' || reader.at(end) == '*';
  std::size_t at = skip_spaces(reader, quoted ? end + 1 : end, 1);
  if (reader.at(at) != ':' && reader.at(at) != '=') return 0;
  at = skip_spaces(reader, at + 1, 4);
  return reader.at(at) == '"' || reader.at(at) == '\'' ? at + 1 : at;
}

/// Behind "is" in a language, or "'s"; 0 if that does not follow.
std::size_t behind_is(Reader& reader, std::size_t end) {
  static const WordSet kIs("is ist es est è é är er to as");
  const std::size_t apostrophe = apostrophe_at(reader, end);
  const std::size_t begin = apostrophe > 0 ? end + apostrophe : skip_spaces(reader, end, 1);
  if (begin == end) return 0;
  const std::size_t word = word_end(reader, begin);
  const std::string_view verb = reader.text().substr(begin, word - begin);
  if (apostrophe > 0 ? verb != "s" : !kIs.has(verb)) return 0;
  return reader.at(word) == ' ' ? word + 1 : 0;
}

std::optional<Match> after_name(Reader& reader, const CueWord& cue) {
  static const WordSet kOwners(
      "my his her their full real legal mein meine sein seine ihr dein mi su mon son sa il mio suo meu seu mijn zijn haar mitt hans min "
      "mit "
      "last first maiden middle birth");
  static const WordSet kLabels(
      "full first last patient customer client contact legal maiden family given employee student applicant holder billing "
      "shipping middle owner guest");
  static const WordSet kParts("first last given family maiden middle");
  const std::string_view before = previous_word(reader.text(), cue.begin);
  const bool part = cue.cue == NameCue::kNamePart;
  if (const std::size_t at = behind_colon(reader, cue.end)) {
    if (part || kParts.has(before)) return name_at(reader, at, NameTrust::kAny);
    const bool plain =
        begins_line(reader.text(), cue.begin) && reader.capital(cue.begin) && reader.text()[at - 1] != '"';  // no YAML, no JSON
    return name_at(reader, at, plain || kLabels.has(before) ? NameTrust::kPair : NameTrust::kGiven);
  }
  const std::size_t at = behind_is(reader, cue.end);
  if (at == 0) return std::nullopt;
  if (part || kOwners.has(before)) return name_at(reader, at, NameTrust::kAny);
  return name_at(reader, at, before == "s" ? NameTrust::kPair : NameTrust::kGiven);
}

std::optional<Match> after_intro(Reader& reader, const CueWord& cue) {
  static const WordSet kPersons("ich ik me m mi jag jeg меня call");
  const std::string_view text = reader.text();
  const std::string_view word = text.substr(cue.begin, cue.end - cue.begin);
  std::string_view before = previous_word(text, cue.begin);
  if (before.empty() && cue.begin > 0 && word == "appelle") before = "m";  // "m'appelle"
  std::size_t at = skip_spaces(reader, cue.end, 1);
  if (word == "nazywam") {
    const std::size_t end = word_end(reader, at);
    if (text.substr(at, end - at) != "się") return std::nullopt;
    return name_at(reader, skip_spaces(reader, end, 1), NameTrust::kAny);
  }
  if (!kPersons.has(before) || at == cue.end || (before == "call") != (word == "me")) return std::nullopt;
  return name_at(reader, at, word == "me" ? NameTrust::kGiven : NameTrust::kAny);
}

std::optional<Match> after_title(Reader& reader, const CueWord& cue) {
  if (!reader.capital(cue.begin)) return std::nullopt;
  const bool shouted = reader.capital(cue.begin + 1);  // "MS Office", "DR site"
  const std::size_t at = skip_titles(reader, cue.begin);
  if (at == cue.begin) return std::nullopt;
  const std::string_view word = reader.text().substr(cue.begin, cue.end - cue.begin);
  const bool weak =
      shouted || word == "miss" || word == "professor" || word == "doctor" || word == "madame" || word == "sig" || word == "fru";
  auto name = read_name(reader, at, weak ? NameTrust::kPair : NameTrust::kAny);
  return name ? std::optional(std::move(name->match)) : std::nullopt;
}

std::optional<Match> after_i_am(Reader& reader, const CueWord& cue) {
  const std::string_view text = reader.text();
  const std::string_view word = text.substr(cue.begin, cue.end - cue.begin);
  std::string_view before = previous_word(text, cue.begin);
  if (word == "m") {  // "I'm"
    std::size_t mark = cue.begin;
    if (text.substr(0, mark).ends_with('\''))
      mark -= 1;
    else if (text.substr(0, mark).ends_with("\u2019"))
      mark -= 3;
    else
      return std::nullopt;
    before = word_before(text, mark);
  }
  static constexpr std::pair<std::string_view, std::string_view> kForms[] = {{"i", "am"},   {"i", "m"},  {"ich", "bin"}, {"je", "suis"},
                                                                             {"yo", "soy"}, {"", "soy"}, {"io", "sono"}, {"", "sono"},
                                                                             {"eu", "sou"}, {"", "sou"}, {"ik", "ben"},  {"this", "is"}};
  const bool known = std::any_of(std::begin(kForms), std::end(kForms), [&](const auto& form) {
    return form.second == word && (form.first == before || (form.first.empty() && word.size() > 2));
  });
  if (!known || reader.at(cue.end) != ' ') return std::nullopt;
  auto match = name_at(reader, cue.end + 1, NameTrust::kGiven);
  return match && apostrophe_at(reader, match->span.end) == 0 ? match : std::nullopt;  // "I am Sam's friend"
}

std::optional<Match> after_relation(Reader& reader, const CueWord& cue) {
  static const WordSet kOwners(
      "my our his her their your mein meine meinen meinem meiner unser unsere sein seine ihr ihre mi su mis tu mon ma notre son sa mio mia "
      "meu minha mijn onze s");
  if (!kOwners.has(previous_word(reader.text(), cue.begin))) return std::nullopt;
  std::size_t at = reader.at(cue.end) == ',' ? cue.end + 1 : cue.end;
  if (reader.at(at) != ' ') return std::nullopt;
  return name_at(reader, at + 1, NameTrust::kGiven);
}

bool ends_line(Reader& reader, std::size_t at) {
  at = skip_spaces(reader, at, 2);
  const char c = reader.at(at);
  return c == '\n' || c == '\r' || c == ',' || c == '\0' || (c == '.' && ends_line(reader, at + 1));
}

std::optional<Match> after_closing(Reader& reader, const CueWord& cue) {
  std::size_t at = cue.end;
  if (const char c = reader.at(at); c == ',' || c == '!' || c == '.') ++at;
  at = skip_spaces(reader, at, 2);
  if (reader.at(at) == '\r') ++at;
  if (reader.at(at) != '\n') return std::nullopt;
  for (int i = 0; i < 8 && (reader.at(at) == '\n' || reader.at(at) == '\r' || reader.at(at) == ' '); ++i) ++at;
  auto match = name_at(reader, at, NameTrust::kPair);
  return match && ends_line(reader, match->span.end) ? match : std::nullopt;
}

std::optional<Match> after_header(Reader& reader, const CueWord& cue) {
  if (!begins_line(reader.text(), cue.begin)) return std::nullopt;
  if (reader.at(cue.end) != ':') return std::nullopt;
  std::size_t at = skip_spaces(reader, cue.end + 1, 2);
  if (reader.at(at) == '"') ++at;
  auto name = read_name(reader, skip_titles(reader, at), NameTrust::kPair);
  if (!name) return std::nullopt;
  std::size_t behind = name->match.span.end;
  if (reader.at(behind) == '"') ++behind;
  behind = skip_spaces(reader, behind, 1);
  const bool addressed = reader.at(behind) == '<' || reader.at(behind) == '[';
  if (!addressed && !name->given) return std::nullopt;
  return std::move(name->match);
}

std::optional<Match> after_label(Reader& reader, const CueWord& cue) {
  const std::size_t at = behind_colon(reader, cue.end);
  if (at != 0) return name_at(reader, at, cue.cue == NameCue::kPerson ? NameTrust::kPair : NameTrust::kGiven);
  if (reader.at(cue.end) != ' ') return std::nullopt;
  return name_at(reader, cue.end + 1, NameTrust::kGiven);
}

std::optional<Match> after_greeting(Reader& reader, const CueWord& cue) {
  std::size_t at = reader.at(cue.end) == ',' ? cue.end + 1 : cue.end;
  if (reader.at(at) != ' ') return std::nullopt;
  return name_at(reader, at + 1, NameTrust::kGiven);
}

/// Han and Kana: behind a label, or before an honorific.
std::size_t east_asian_end(Reader& reader, std::size_t at, std::size_t most) {
  for (; most > 0 && reader.has(at); --most) {
    const std::size_t length = east_asian_at(reader.text(), at);
    if (length == 0) break;
    at += length;
  }
  return at;
}

std::size_t east_asian_begin(std::string_view text, std::size_t end, std::size_t from) {
  std::size_t begin = end;
  while (begin >= from + 3 && end - begin < 12 && east_asian_at(text, begin - 3) == 3) begin -= 3;
  return begin;
}

std::optional<Match> before_honorific(Reader& reader, const Place& place) {
  const std::string_view text = reader.text();
  std::size_t behind = place.trigger;
  bool japanese = false;
  for (const std::string_view honorific : {"先生", "女士", "さん", "様"}) {
    std::size_t i = 0;
    while (i < honorific.size() && reader.at(place.trigger + i) == honorific[i]) ++i;
    if (i < honorific.size()) continue;
    behind = place.trigger + i;
    japanese = honorific == "さん" || honorific == "様";
  }
  if (behind == place.trigger) return std::nullopt;
  const std::size_t earliest = east_asian_begin(text, place.trigger, place.from);
  for (std::size_t begin = earliest; begin < place.trigger; begin += 3) {
    const std::string_view name = text.substr(begin, place.trigger - begin);
    for (std::size_t length = std::min<std::size_t>(9, name.size()); length >= 3; length -= 3) {
      if (!is_east_asian_surname(name.substr(0, length)) || name.size() > length + 6) continue;
      if (japanese && length == 3) continue;  // 王様 is a king
      return Match{{begin, place.trigger}, std::string(name)};
    }
  }
  return std::nullopt;
}

std::optional<Match> probe_east_asian(Reader& reader, const Place& place) {
  for (const std::string_view label : {"姓名", "名前", "氏名", "我叫", "我的名字是", "名字是"}) {
    std::size_t i = 0;
    while (i < label.size() && reader.at(place.trigger + i) == label[i]) ++i;
    if (i < label.size()) continue;
    std::size_t at = place.trigger + i;
    const bool spoken = label == "我叫" || label.ends_with("是");
    if (!spoken) {
      if (reader.at(at) != ':') {
        static constexpr std::string_view kIs = "は";
        for (i = 0; i < kIs.size() && reader.at(at + i) == kIs[i];) ++i;
        if (i < kIs.size()) continue;
        at += i;
      } else {
        at = skip_spaces(reader, at + 1, 1);
      }
    }
    const std::size_t end = east_asian_end(reader, at, 4);
    const std::size_t length = end - at;
    if (length < 6) return std::nullopt;
    const std::string_view name = reader.text().substr(at, length);
    for (std::size_t family = 3; family <= 9 && family <= length; family += 3) {
      if (!is_east_asian_surname(name.substr(0, family))) continue;
      // Chinese names have one or two characters behind the family name; what follows is text.
      const std::size_t most = spoken ? family + 6 : length;
      return Match{{at, at + std::min(length, most)}, std::string(name.substr(0, most))};
    }
    return std::nullopt;
  }
  return before_honorific(reader, place);
}

std::optional<Match> probe_cue(Reader& reader, const CueWord& cue) {
  switch (cue.cue) {
    case NameCue::kName:
    case NameCue::kNamePart:
      return after_name(reader, cue);
    case NameCue::kIntro:
      return after_intro(reader, cue);
    case NameCue::kTitle:
      return after_title(reader, cue);
    case NameCue::kIAm:
      return after_i_am(reader, cue);
    case NameCue::kRelation:
      return after_relation(reader, cue);
    case NameCue::kClosing:
      return after_closing(reader, cue);
    case NameCue::kHeader:
      return after_header(reader, cue);
    case NameCue::kPerson:
    case NameCue::kParty:
      return after_label(reader, cue);
    case NameCue::kGreeting:
      return after_greeting(reader, cue);
    case NameCue::kNamed:
      return reader.at(cue.end) == ' ' ? name_at(reader, cue.end + 1, NameTrust::kBoth) : std::nullopt;
    case NameCue::kNone:
      break;
  }
  return std::nullopt;
}

std::optional<Match> probe(Reader& reader, const Place& place, const Options&) {
  const std::size_t end = word_end(reader, place.trigger);
  if (end == place.trigger) return probe_east_asian(reader, place);
  if (place.known != nullptr && !place.known->empty() && reader.capital(place.trigger)) {
    if (auto match = read_known_name(reader, place.trigger, *place.known)) return match;
  }
  const NameCue cue = name_cue(reader.text().substr(place.trigger, end - place.trigger));
  return cue == NameCue::kNone ? std::nullopt : probe_cue(reader, {cue, place.trigger, end});
}

std::size_t tail(const CasedText& text, std::size_t end, std::size_t from) { return east_asian_begin(text.text(), end, from); }

}  // namespace

const Recogniser kName{"name", "NAME", "name-in-context", Trigger::kWord, probe, tail};

}  // namespace steward::filters::pii
