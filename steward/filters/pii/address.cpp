#include <algorithm>

#include "steward/filters/pii/address_words.h"
#include "steward/filters/pii/locality.h"
#include "steward/filters/pii/recogniser.h"
#include "steward/filters/pii/word_set.h"

namespace steward::filters::pii {
namespace {

constexpr std::size_t kBeforeBytesMax = 48;
constexpr std::size_t kLabelBytesMax = 48;
constexpr int kStreetWordsMax = 6;

struct House {
  std::size_t end = 0;
  std::size_t digits = 0;
};

/// "221b", "12-14", "5/7", "12 bis"; no digits if that is not all that stands there.
House read_house(Reader& reader, std::size_t at) {
  House house{at, 0};
  while (house.digits <= 5 && is_ascii_digit(reader.at(house.end))) ++house.end, ++house.digits;
  if (house.digits > 5) return {};
  if ((reader.at(house.end) == '-' || reader.at(house.end) == '/') && is_ascii_digit(reader.at(house.end + 1))) {
    std::size_t end = house.end + 1;
    while (end - house.end < 6 && is_ascii_digit(reader.at(end))) ++end;
    house.end = end;
  }
  if (is_ascii_letter(reader.at(house.end)) && !is_ascii_alnum(reader.at(house.end + 1))) ++house.end;
  if (is_ascii_alnum(reader.at(house.end)) || reader.at(house.end) == '_' || reader.at(house.end) == '%') return {};
  if (reader.at(house.end) == '-' || reader.at(house.end) == '/' || reader.at(house.end) == ':') return {};
  if (reader.at(house.end) == '.' && is_ascii_alnum(reader.at(house.end + 1))) return {};
  return house;
}

bool is_separator(char c) { return c == ' ' || c == ',' || c == '.' || c == '-' || c == '/' || c == '\'' || c == '#'; }

/// Begin of the run of capitalised words, particles and words for streets that ends at `end`; the word under way belongs to it.
std::size_t run_begin(const CasedText& cased, std::size_t end, std::size_t from) {
  const std::string_view text = cased.text();
  const std::size_t limit = std::max(std::min(from, end), end > kBeforeBytesMax ? end - kBeforeBytesMax : 0);
  std::size_t best = end;
  for (std::size_t at = end; at > limit;) {
    std::size_t behind = at;
    while (behind > limit && at - behind < 3 && is_separator(text[behind - 1])) --behind;
    if (behind == at && at != end) break;
    const std::string_view word = word_before(text, behind);
    if (word.empty() || word.size() > behind - limit) break;
    const std::size_t begin = behind - word.size();
    const bool counts = cased.is_capital(begin) || street_word(word) != StreetWord::kNone || behind == end;
    if (!counts && !is_street_particle(word)) break;
    if (counts) best = begin;
    at = begin;
  }
  return best;
}

/// Behind the small words, colons and spaces that follow a label's word: " is", " at:", " it to".
std::size_t behind_label(std::string_view text, std::size_t at, std::size_t end) {
  static const WordSet kJoints("is at in on to it this them me us the ist in der im zu de en à nach est es na no");
  while (at < end) {
    if (text[at] == ' ' || text[at] == ':' || text[at] == '\n' || text[at] == '\r') {
      ++at;
      continue;
    }
    std::size_t next = at;
    while (const std::size_t letter = letter_at(text, next)) next += letter;
    if (next == at || !kJoints.has(text.substr(at, next - at))) break;
    at = next;
  }
  return at;
}

/// Whether a word before `begin` on its line introduces an address. `label_end` is behind it and its small words.
bool is_labelled(std::string_view text, std::size_t begin, std::size_t& label_end) {
  label_end = 0;
  const std::size_t limit = begin > kLabelBytesMax ? begin - kLabelBytesMax : 0;
  std::size_t at = begin;
  while (at > limit && (text[at - 1] == ' ' || text[at - 1] == '\n' || text[at - 1] == '\r')) --at;
  while (at > limit && text[at - 1] != '\n') {
    const std::string_view word = word_before(text, at);
    if (word.empty()) {
      --at;
      if (text[at] == '?' || text[at] == '!' || text[at] == ';') return false;
      continue;
    }
    if (word.size() > at - limit) return false;
    if (is_address_label(word)) {
      label_end = behind_label(text, at, begin);
      return true;
    }
    at -= word.size();
  }
  return false;
}

/// End of a word of a street's name with its hyphens, apostrophes and a stop; ordinals, too.
std::size_t street_part_end(Reader& reader, std::size_t at) {
  std::size_t end = at;
  while (is_ascii_digit(reader.at(end)) && end - at < 4) ++end;
  const bool ordinal = end > at;
  std::size_t next = word_end(reader, end);
  if (ordinal && next - end != 2) return at;
  end = next;
  while (end > at && (reader.at(end) == '-' || apostrophe_at(reader, end) > 0)) {
    const std::size_t joint = reader.at(end) == '-' ? 1 : apostrophe_at(reader, end);
    next = word_end(reader, end + joint);
    if (next == end + joint) break;
    end = next;
  }
  return end;
}

struct Street {
  std::size_t end = 0;  ///< 0: there is none
  bool certain = false;
};

/// "rue de la Paix" behind a number.
Street read_front_street(Reader& reader, std::size_t at) {
  std::size_t end = word_end(reader, at);
  if (reader.at(end) == '.') ++end;
  Street street;
  for (int words = 0; words < kStreetWordsMax && reader.at(end) == ' '; ++words) {
    std::size_t begin = end + 1;
    std::size_t next = word_end(reader, begin);
    const std::size_t apostrophe = next > begin ? apostrophe_at(reader, next) : 0;
    if (apostrophe > 0 && next - begin == 1) {  // "d'Alésia"
      begin = next + apostrophe;
      next = word_end(reader, begin);
    }
    if (next == begin) break;
    if (reader.capital(begin)) {
      next = street_part_end(reader, begin);
      street = {next, true};
    } else if (!is_street_particle(reader.text().substr(begin, next - begin))) {
      break;
    }
    end = next;
  }
  return street;
}

/// End of the " W" or " NE" at `at`, or 0.
std::size_t direction_end(Reader& reader, std::size_t at) {
  if (reader.at(at) != ' ' || !reader.capital(at + 1)) return 0;
  const std::size_t end = word_end(reader, at + 1);
  static const WordSet kDirections("n s e w ne nw se sw north south east west");
  return kDirections.has(reader.text().substr(at + 1, end - at - 1)) ? end : 0;
}

/// "Baker Street" behind a number. `loose`: small letters will do, too, and a street without a word for it.
Street read_named_street(Reader& reader, std::size_t at, bool loose) {
  static const WordSet kNeverStreets("hour hours minute day days mile usb hard disk flash test");
  std::size_t end = at;
  for (int words = 0; words < kStreetWordsMax; ++words) {
    const std::size_t next = street_part_end(reader, at);
    if (next == at || !(loose || reader.capital(at) || is_ascii_digit(reader.at(at)))) break;
    const std::string_view word = reader.text().substr(at, next - at);
    const StreetWord kind = street_word(word);
    end = next;
    if (kNeverStreets.has(word)) return {};
    if ((words > 0 && (kind == StreetWord::kBehind || kind == StreetWord::kBehindWeak)) || word == "broadway") {
      if (reader.at(end) == '.' && word.size() < 5) ++end;
      if (const std::size_t direction = direction_end(reader, end)) return {direction, true};
      const bool stops = reader.at(end) != ' ';
      const std::size_t behind = stops ? end : street_part_end(reader, end + 1);
      const std::string_view follower = stops ? std::string_view() : reader.text().substr(end + 1, behind - end - 1);
      if (stops || follower.empty() || may_follow_street(follower)) return {end, kind == StreetWord::kBehind};
      if (!reader.capital(end + 1) && !loose) return {};
      if (street_word(follower) == StreetWord::kNone) return {end, kind == StreetWord::kBehind && loose};  // a town may follow
    }
    if (reader.at(next) == '.' && reader.at(next + 1) == ' ')
      at = next + 2;
    else if (reader.at(next) == ' ')
      at = next + 1;
    else
      break;
  }
  return {};
}

bool is_famous(std::string_view text) { return text == "10 downing street" || text == "1600 pennsylvania avenue"; }

std::optional<text::Span> number_first(Reader& reader, std::size_t begin, const House& house, bool labelled) {
  std::size_t at = reader.at(house.end) == ',' ? house.end + 1 : house.end;
  if (reader.at(at) != ' ') return std::nullopt;
  ++at;
  std::size_t end = word_end(reader, at);
  std::string_view word = reader.text().substr(at, end - at);
  if ((word == "bis" || word == "ter") && (reader.at(end) == ' ' || (reader.at(end) == ',' && reader.at(end + 1) == ' '))) {
    at = reader.at(end) == ',' ? end + 2 : end + 1;
    end = word_end(reader, at);
    word = reader.text().substr(at, end - at);
  }
  Street street;
  const StreetWord kind = street_word(word);
  if (kind == StreetWord::kFront || word == "avenue" || word == "av" || word == "boulevard" || word == "place" || word == "square")
    street = read_front_street(reader, at);
  if (street.end == 0) street = read_named_street(reader, at, labelled);
  const bool by_label = street.end == 0 && labelled;
  if (by_label) street.end = place_words_end(reader, at, 4);  // "address: 5 The Cedars, London"
  if (street.end == 0 || street.end == at) return std::nullopt;
  const Locality locality = read_locality(reader, street.end);
  if (by_label && locality.end == street.end) return std::nullopt;
  if (!street.certain && !locality.certain && !labelled) return std::nullopt;
  if (is_famous(reader.text().substr(begin, street.end - begin))) return std::nullopt;
  return text::Span{begin, locality.end};
}

/// A street that ends before its number.
struct Front {
  std::size_t begin = 0;
  bool found = false;
  bool certain = false;
};

std::size_t token_begin(std::string_view text, std::size_t end) {
  std::size_t begin = end - word_before(text, end).size();
  while (begin > 1 && begin < end && text[begin - 1] == '-') {
    const std::size_t size = word_before(text, begin - 1).size();
    if (size == 0) break;
    begin -= size + 1;
  }
  return begin;
}

/// "Hauptstraße", "Berliner Str.", before `end`.
Front suffix_street(Reader& reader, std::size_t end, std::size_t earliest) {
  const std::string_view text = reader.text();
  const bool stop = end > 0 && text[end - 1] == '.';
  const std::size_t last = stop ? end - 1 : end;
  std::size_t begin = token_begin(text, last);
  if (begin >= last || begin < earliest) return {};
  bool alone = false;
  const StreetSuffix suffix = street_suffix(text.substr(begin, last - begin), alone);
  if (suffix == StreetSuffix::kNone || !reader.capital(begin)) return {};
  if (alone) {
    const std::size_t before = skip_spaces_back(text, begin, 1);
    const std::size_t other = token_begin(text, before);
    if (before == begin || other == before || other < earliest || !reader.capital(other)) return {};
    begin = other;
  }
  return {begin, true, suffix == StreetSuffix::kStrong};
}

/// "Calle Mayor", "ul. Długa", "P.O. Box", before `end`.
Front named_front(Reader& reader, std::size_t end, std::size_t earliest) {
  const std::string_view text = reader.text();
  bool name = false;
  std::size_t at = end;
  for (int words = 0; words < kStreetWordsMax && at > earliest; ++words) {
    while (at > earliest && is_separator(text[at - 1])) --at;
    const std::string_view word = word_before(text, at);
    if (word.empty() || word.size() > at - earliest) break;
    const std::size_t begin = at - word.size();
    const StreetWord kind = street_word(word);
    if (kind == StreetWord::kBox && !name) {
      if (word != "box") return {begin, reader.capital(begin), true};
      const std::size_t before = skip_spaces_back(text, begin, 1);
      for (const std::string_view po : {"p.o.", "p. o.", "po", "post office"})
        if (before >= earliest + po.size() && text.substr(0, before).ends_with(po)) return {before - po.size(), true, true};
      return {};
    }
    if (name && begins_street(word)) return {begin, true, kind == StreetWord::kFirst};
    if (reader.capital(begin))
      name = true;
    else if (!is_street_particle(word))
      break;
    at = begin;
  }
  return {};
}

/// Capitalised words right behind a label: "Adresse: Am Markt 5".
Front labelled_front(Reader& reader, std::size_t end, std::size_t label_end, std::size_t earliest) {
  if (label_end == 0 || label_end < earliest || label_end >= end) return {};
  return {label_end, place_words_end(reader, label_end, 4) == end, false};
}

bool stops_behind(Reader& reader, std::size_t end) {
  const char c = reader.at(end);
  return c == ',' || c == '\n' || c == '\0' || (c == '.' && !is_ascii_alnum(reader.at(end + 1)));
}

std::optional<text::Span> street_first(Reader& reader, std::size_t begin, const House& house, std::size_t earliest, bool labelled,
                                       std::size_t label_end) {
  const std::string_view text = reader.text();
  std::size_t end = skip_spaces_back(text, begin, 1);
  if (end == begin) return std::nullopt;
  if (end > 0 && text[end - 1] == ',') --end;
  Front front = suffix_street(reader, end, earliest);
  if (!front.found) front = named_front(reader, end, earliest);
  const bool by_label = !front.found;
  const Front wider = labelled_front(reader, end, label_end, earliest);
  if (wider.found && (by_label || wider.begin < front.begin)) front = wider;
  if (!front.found) return std::nullopt;
  const Locality locality = read_locality(reader, house.end);
  if (by_label && !locality.certain && (house.digits > 3 || !stops_behind(reader, house.end))) return std::nullopt;
  if (!front.certain && !locality.certain && !labelled) return std::nullopt;
  if (house.digits > 3 && !locality.certain && !labelled &&
      text.substr(front.begin, end - front.begin).find("box") == std::string_view::npos)
    return std::nullopt;
  if (reader.at(house.end) == ' ') {
    const std::size_t next = word_end(reader, house.end + 1);
    if (is_counted(text.substr(house.end + 1, next - house.end - 1))) return std::nullopt;
  }
  return text::Span{front.begin, locality.end};
}

/// "Springfield, IL 62704".
std::optional<text::Span> state_first(Reader& reader, std::size_t begin, std::size_t earliest) {
  const std::string_view text = reader.text();
  if (begin < 5 || text[begin - 1] != ' ') return std::nullopt;
  const std::size_t state = begin - 3;
  if (state < earliest || !reader.capital(state) || !reader.capital(state + 1) || !is_us_state(text.substr(state, 2))) return std::nullopt;
  std::size_t town_end = skip_spaces_back(text, state, 1);
  if (town_end == state || (text[town_end - 1] != ',' && !is_ascii_letter(text[town_end - 1]))) return std::nullopt;
  if (text[town_end - 1] == ',') --town_end;
  const std::size_t end = zip_end(reader, begin);
  if (end == 0) return std::nullopt;
  std::size_t town = town_end;
  for (int words = 0; words < 3; ++words) {
    const std::size_t behind = words == 0 ? town : skip_spaces_back(text, town, 1);
    const std::size_t word = token_begin(text, behind);
    if ((words > 0 && behind == town) || word == behind || word < earliest || !reader.capital(word)) break;
    town = word;
  }
  return town == town_end ? std::nullopt : std::optional(text::Span{town, end});
}

std::string canonical_of(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (is_ascii_alnum(c) || static_cast<unsigned char>(c) >= 0x80) out += c;
  return out;
}

std::optional<Match> probe(Reader& reader, const Place& place, const Options&) {
  const std::string_view text = reader.text();
  const std::size_t begin = place.trigger;
  if (!is_ascii_digit(text[begin])) return std::nullopt;
  if (begin > 0) {
    const char before = text[begin - 1];
    if (before != ' ' && before != '\n' && before != '(' && before != '"' && before != '\'' && before != ':' && before != ',' &&
        before != '\t')
      return std::nullopt;
  }
  const House house = read_house(reader, begin);
  const std::size_t earliest = run_begin(reader.cased(), begin, place.from);
  std::optional<text::Span> span = state_first(reader, begin, earliest);
  if (!span && house.digits > 0) {
    std::size_t label_end = 0;
    const bool labelled = is_labelled(text, begin, label_end);
    span = number_first(reader, begin, house, labelled);
    if (!span) span = street_first(reader, begin, house, earliest, labelled, label_end);
  }
  if (!span) return std::nullopt;
  return Match{*span, canonical_of(text.substr(span->begin, span->size()))};
}

}  // namespace

const Recogniser kAddress{"address", "ADDRESS", "postal-address", Trigger::kDigit, probe, run_begin};

}  // namespace steward::filters::pii
