#include "steward/filters/pii/locality.h"

#include "steward/filters/pii/address_words.h"
#include "steward/filters/pii/word_set.h"

namespace steward::filters::pii {
namespace {

constexpr int kPartsMax = 4;
constexpr int kTownWordsMax = 3;

std::size_t digits_end(Reader& reader, std::size_t at, std::size_t most) {
  std::size_t end = at;
  while (end - at <= most && is_ascii_digit(reader.at(end))) ++end;
  return end;
}

bool is_cut(Reader& reader, std::size_t end) { return !is_ascii_alnum(reader.at(end)) && reader.at(end) != '_'; }

std::string_view word_at(Reader& reader, std::size_t at, std::size_t& end) {
  end = word_end(reader, at);
  return reader.text().substr(at, end - at);
}

/// "NW1 6XE", "SW1A 1AA", "M5V 2T6"; 0 if none is there.
std::size_t lettered_postcode_end(Reader& reader, std::size_t at) {
  if (!reader.capital(at)) return 0;
  std::size_t next = at;
  while (next - at < 2 && reader.capital(next)) ++next;
  if (!is_ascii_digit(reader.at(next))) return 0;
  for (++next; next - at < 4 && is_ascii_alnum(reader.at(next)); ++next) {
  }
  if (reader.at(next) == ' ') ++next;
  if (!is_ascii_digit(reader.at(next)) || !is_ascii_alnum(reader.at(next + 1)) || !is_ascii_alnum(reader.at(next + 2))) return 0;
  return is_cut(reader, next + 3) ? next + 3 : 0;
}

/// "10115", "D-10115", "1012 AB", "00-950", "114 55", "1000-001"; 0 if none is there.
std::size_t numeric_postcode_end(Reader& reader, std::size_t at) {
  if (reader.capital(at)) {
    std::size_t end = 0;
    word_at(reader, at, end);
    if (end - at > 2 || reader.at(end) != '-') return 0;
    at = end + 1;
  }
  const std::size_t end = digits_end(reader, at, 6);
  const std::size_t digits = end - at;
  if (digits < 2 || digits > 6) return 0;
  if (reader.at(end) == '-' && (digits == 2 || digits == 4 || digits == 5)) {
    const std::size_t more = digits_end(reader, end + 1, 4);
    return more - end == 4 && is_cut(reader, more) ? more : 0;
  }
  if (reader.at(end) == ' ' && digits == 3) {
    const std::size_t more = digits_end(reader, end + 1, 2);
    return more - end == 3 && is_cut(reader, more) ? more : 0;
  }
  if (digits < 4) return 0;
  if (digits == 4 && reader.at(end) == ' ' && reader.capital(end + 1) && reader.capital(end + 2) && is_cut(reader, end + 3)) return end + 3;
  return is_cut(reader, end) ? end : 0;
}

/// "Apt 4B", "Suite 100", "#5", "2. OG".
std::size_t unit_end(Reader& reader, std::size_t at) {
  std::size_t next = at;
  if (reader.at(at) == '#') {
    next = at + 1;
  } else {
    const std::string_view word = word_at(reader, at, next);
    if (!is_unit_word(word)) return 0;
    if (reader.at(next) == '.') ++next;
    if (reader.at(next) == ' ') ++next;
    if (reader.at(next) == '#') ++next;
  }
  std::size_t end = next;
  bool digit = false;
  for (; end - next < 6 && is_ascii_alnum(reader.at(end)); ++end) digit = digit || is_ascii_digit(reader.at(end));
  return end > next && (digit || end - next == 1) && is_cut(reader, end) ? end : 0;
}

/// Behind a town: "IL 62704", ", IL", "NSW 2000", "NW1 6XE", ", 2000".
std::size_t town_code_end(Reader& reader, std::size_t at) {
  if (reader.at(at) == ',') ++at;
  if (reader.at(at) != ' ' && reader.at(at) != '\n') return 0;
  while (reader.at(at) == ' ' || reader.at(at) == '\n') {
    if (reader.at(at) == '\n' && reader.at(at + 1) == '\n') return 0;
    ++at;
  }
  if (const std::size_t end = lettered_postcode_end(reader, at)) return end;
  if (const std::size_t end = zip_end(reader, at)) return end;
  std::size_t end = 0;
  const std::string_view state = word_at(reader, at, end);
  if (state.size() < 2 || state.size() > 3 || !reader.capital(at) || !reader.capital(at + 1)) return 0;
  if (reader.at(end) == ' ') {
    if (const std::size_t code = lettered_postcode_end(reader, end + 1)) return code;
    const std::size_t digits = digits_end(reader, end + 1, 5);
    if (digits - end - 1 == 4 && is_cut(reader, digits)) return digits;
    if (const std::size_t code = zip_end(reader, end + 1)) return code;
  }
  return is_us_state(state) && is_cut(reader, end) ? end : 0;
}

struct Piece {
  std::size_t end = 0;
  bool certain = false;
};

Piece read_piece(Reader& reader, std::size_t at, bool only_certain) {
  if (const std::size_t unit = unit_end(reader, at)) return {unit, true};
  if (const std::size_t code = lettered_postcode_end(reader, at)) return {code, true};
  if (const std::size_t code = numeric_postcode_end(reader, at)) {
    const std::size_t begin = reader.at(code) == ' ' ? code + 1 : code;
    const std::size_t town = begin == code ? begin : place_words_end(reader, begin, kTownWordsMax);
    return town > begin ? Piece{town, true} : Piece{};
  }
  const std::size_t town = place_words_end(reader, at, kTownWordsMax);
  if (town == at) return {};
  if (const std::size_t code = town_code_end(reader, town)) return {code, true};
  if (only_certain) return {};
  const char c = reader.at(town);
  const bool ends = c == ',' || c == '\0' || c == '\n' || (c == '.' && !is_ascii_alnum(reader.at(town + 1)));
  return ends ? Piece{town, false} : Piece{};
}

}  // namespace

std::size_t zip_end(Reader& reader, std::size_t at) {
  const std::size_t end = digits_end(reader, at, 5);
  if (end - at != 5) return 0;
  if (reader.at(end) == '-') {
    const std::size_t more = digits_end(reader, end + 1, 4);
    if (more - end == 5 && is_cut(reader, more)) return more;
  }
  return is_cut(reader, end) ? end : 0;
}

std::size_t place_words_end(Reader& reader, std::size_t begin, int most) {
  std::size_t best = begin;
  std::size_t at = begin;
  for (int words = 0; words < most + 2;) {
    std::size_t end = word_end(reader, at);
    if (end == at || end - at > kWordBytesMax) break;
    const std::string_view word = reader.text().substr(at, end - at);
    if (is_ascii_digit(reader.at(end))) break;
    if (reader.capital(at)) {
      if (best > begin && word.size() <= 3 && reader.capital(at + 1) && !reader.capital(begin + 1)) break;  // "Sydney NSW"
      if (++words > most) break;
      while (reader.at(end) == '-' || apostrophe_at(reader, end) > 0) {  // "Saint-Denis", "King's"
        const std::size_t joint = reader.at(end) == '-' ? 1 : apostrophe_at(reader, end);
        const std::size_t next = word_end(reader, end + joint);
        if (next == end + joint) break;
        end = next;
      }
      best = end;
      if (reader.at(end) == '.' && word.size() <= 2 && reader.at(end + 1) == ' ') ++end;  // "St. Louis"
    } else if (best == begin || !is_street_particle(word)) {
      if (!(best > begin && (word == "am" || word == "an" || word == "upon" || word == "on" || word == "sur" || word == "sous"))) break;
      ++words;
    }
    if (reader.at(end) != ' ') break;
    at = end + 1;
  }
  return best;
}

Locality read_locality(Reader& reader, std::size_t end) {
  Locality out{end, false};
  for (int part = 0; part < kPartsMax; ++part) {
    std::size_t at = out.end;
    const bool comma = reader.at(at) == ',';
    if (comma) ++at;
    std::size_t spaces = 0;
    bool line = false;
    for (; spaces < 6 && (reader.at(at) == ' ' || reader.at(at) == '\n' || reader.at(at) == '\r'); ++at, ++spaces) {
      if (reader.at(at) == '\n' && line) return out;
      line = line || reader.at(at) == '\n';
    }
    if (at == out.end || (!comma && spaces == 0)) break;
    if (part > 0 && comma) {
      std::size_t word = 0;
      if (is_country(word_at(reader, at, word)) && reader.capital(at)) {
        out.end = word;
        break;
      }
    }
    const Piece piece = read_piece(reader, at, line || !comma);
    if (piece.end == 0) break;
    out.end = piece.end;
    out.certain = out.certain || piece.certain;
  }
  return out;
}

}  // namespace steward::filters::pii
