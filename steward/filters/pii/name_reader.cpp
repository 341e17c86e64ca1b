#include "steward/filters/pii/name_reader.h"

#include <string>

#include "steward/filters/pii/lexicon.h"
#include "steward/filters/pii/name_cue.h"
#include "steward/filters/pii/word_set.h"

namespace steward::filters::pii {
namespace {

constexpr std::size_t kWordsMax = 5;
constexpr std::size_t kTitlesMax = 3;

/// End of a part of a name: letters, with a hyphen, or an apostrophe that begins no "'s".
std::size_t part_end(Reader& reader, std::size_t begin) {
  std::size_t end = word_end(reader, begin);
  while (end > begin && end - begin <= kWordBytesMax) {
    const std::size_t joint = reader.at(end) == '-' ? 1 : apostrophe_at(reader, end);
    if (joint == 0) break;
    const std::size_t next = word_end(reader, end + joint);
    const std::size_t letters = next - end - joint;
    if (letters == 0 || (reader.at(end) != '-' && letters < 3 && !reader.capital(end + joint))) break;
    if (reader.at(end) != '-' && letters < 2) break;
    end = next;
  }
  return end;
}

struct Part {
  std::size_t end = 0;
  bool initial = false;
};

/// The capitalised word or initial at `at`.
std::optional<Part> read_part(Reader& reader, std::size_t at) {
  if (!reader.capital(at)) return std::nullopt;
  const std::size_t end = part_end(reader, at);
  if (end - at > kWordBytesMax) return std::nullopt;
  if (is_ascii_digit(reader.at(end)) || reader.at(end) == '_') return std::nullopt;
  if (end - at == 1) {
    if (reader.at(end) == '.') return Part{end + 1, true};
    return reader.at(end) == ' ' && reader.capital(end + 1) ? std::optional(Part{end, true}) : std::nullopt;
  }
  const std::string_view word = reader.text().substr(at, end - at);
  if (is_never_name(word) || name_cue(word) == NameCue::kTitle) return std::nullopt;
  return Part{end, false};
}

/// Begin of the capitalised word behind particles at `at`; `at` itself if there are none.
std::size_t skip_particles(Reader& reader, std::size_t at) {
  std::size_t next = at;
  for (int i = 0; i < 3; ++i) {
    if (reader.capital(next)) return i == 0 || read_part(reader, next) ? next : at;
    const std::size_t end = word_end(reader, next);
    if (end == next || !is_name_particle(reader.text().substr(next, end - next))) return at;
    if (reader.at(end) == '-' && reader.capital(end + 1)) return end + 1;  // "al-Hassan"
    if (reader.at(end) != ' ') return at;
    next = end + 1;
  }
  return at;
}

/// A capitalised particle before a capitalised word: "De la Cruz", "Van Dyke".
bool is_capital_particle(Reader& reader, std::size_t at) {
  const std::size_t end = word_end(reader, at);
  return is_name_particle(reader.text().substr(at, end - at)) && reader.at(end) == ' ' && reader.capital(skip_particles(reader, end + 1));
}

/// Where the next part may begin behind the one that ends at `end`, or 0.
std::size_t next_part(Reader& reader, std::size_t end) { return reader.at(end) == ' ' ? end + 1 : 0; }

bool ends_as_name(Reader& reader, std::size_t end) {
  const char c = reader.at(end);
  if (c == '@' || c == '_' || c == '\\' || c == '(' || c == '=' || c == '/') return false;
  if (c == '.' && (is_ascii_alnum(reader.at(end + 1)) || reader.at(end + 1) == '_')) return false;
  return !(c == ':' && (reader.at(end + 1) == ':' || reader.at(end + 1) == '/'));
}

std::string canonical_of(std::string_view name) {
  std::string out;
  for (const char c : name)
    if (c != '.') out += c;
  return out;
}

bool is_enough(const NameParts& name, NameTrust trust) {
  switch (trust) {
    case NameTrust::kAny:
      return true;
    case NameTrust::kPair:
      return name.given || name.words >= 2;
    case NameTrust::kGiven:
      return name.given;
    case NameTrust::kBoth:
      return name.given && name.words >= 2;
  }
  return false;
}

}  // namespace

std::size_t skip_titles(Reader& reader, std::size_t at) {
  for (std::size_t i = 0; i < kTitlesMax && reader.capital(at); ++i) {
    const std::size_t end = word_end(reader, at);
    if (name_cue(reader.text().substr(at, end - at)) != NameCue::kTitle) break;
    std::size_t next = reader.at(end) == '.' ? end + 1 : end;
    if (reader.at(next) == ' ') ++next;
    if (next == end) break;
    at = next;
  }
  return at;
}

std::optional<NameParts> read_name(Reader& reader, std::size_t begin, NameTrust trust) {
  NameParts name;
  std::size_t at = begin;
  std::size_t end = begin;
  bool whole_words = false;
  while (at != 0 && name.words < kWordsMax) {
    const std::size_t capital = is_capital_particle(reader, at) ? at : skip_particles(reader, at);
    std::optional<Part> part;
    if (capital == at && is_capital_particle(reader, at))
      part = Part{word_end(reader, at), false};
    else
      part = read_part(reader, capital);
    if (!part) break;
    const std::string_view word = reader.text().substr(capital, part->end - capital);
    if (is_organisation_word(word)) return std::nullopt;
    if (name.words == 0) name.given = is_given_name(word.substr(0, word.find('-')));
    whole_words = whole_words || !part->initial;
    ++name.words;
    end = part->end;
    at = next_part(reader, end);
  }
  if (!whole_words || !is_enough(name, trust) || !ends_as_name(reader, end)) return std::nullopt;
  if (reader.text()[end - 1] == '.') --end;  // the stop of a last initial may end the sentence
  name.match = {{begin, end}, canonical_of(reader.text().substr(begin, end - begin))};
  return name;
}

std::optional<Match> read_known_name(Reader& reader, std::size_t begin, const KnownNames& known) {
  std::optional<Match> best;
  std::size_t end = begin;
  for (int words = 1; words <= 4; ++words) {
    const std::size_t at = words == 1 ? begin : end + 1;
    if (words > 1 && reader.at(end) != ' ') break;
    if (!reader.has(at)) break;
    end = part_end(reader, at);
    if (end == at || (words == 1 && !known.may_begin(reader.text().substr(begin, end - begin)))) break;
    if (reader.at(end) == '.' && end - at == 1) ++end;  // an initial
    const std::string canonical = canonical_of(reader.text().substr(begin, end - begin));
    if (words == 1 && !is_given_name(canonical)) continue;
    if (known.has(canonical)) best = Match{{begin, end}, canonical};
  }
  return best;
}

}  // namespace steward::filters::pii
