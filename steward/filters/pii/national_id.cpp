#include "steward/filters/pii/national_id.h"

#include <algorithm>
#include <array>
#include <string>

#include "steward/filters/pii/recogniser.h"

namespace steward::filters::pii {
namespace {

constexpr std::size_t kContextBytes = 64;
constexpr std::size_t kCharactersMax = 20;

/// What a single check digit vouches for needs a word that says so; what has two, or a date and one, or an unmistakable shape, does not.
constexpr IdRule kRules[] = {
    {"us", "3 2 4", "-", "", is_us_ssn},
    {"us", "3 2 4|9", " ", "ssn|social security", is_us_ssn},
    {"gb", "9|2 2 2 2 1|2 6 1", " ", "", is_gb_nino},
    {"gb", "10|3 3 4", " -", "nhs", is_gb_nhs},
    {"de", "2 3 3 3", " ", "", is_de_tax_id},
    {"de", "11", "", "steuer|idnr|id-nr|tax id|tin", is_de_tax_id},
    {"fr", "15|13 2|1 2 2 2 3 3 2", " ", "", is_fr_nir},
    {"es", "9|8 1|1 7 1", "- ", "", is_es_dni},
    {"it", "16|3 3 5 5", " ", "", is_it_codice_fiscale},
    {"nl", "9|4 2 3|3 3 3", " .", "bsn|burgerservice|sofinummer", is_nl_bsn},
    {"be", "2 2 2 3 2", ".- ", "", is_be_nn},
    {"be", "11", "", "rijksregister|registre national|num\u00e9ro national|insz|niss", is_be_nn},
    {"pl", "11", "", "pesel", is_pl_pesel},
    {"se", "6 4|8 4", "-+", "", is_se_personnummer},
    {"se", "10|12", "", "personnummer|samordningsnummer", is_se_personnummer},
    {"fi", "6 4", "-+", "", is_fi_hetu},
    {"no", "11|6 5", " ", "", is_no_fodselsnummer},
    {"dk", "6 4", "-", "cpr|personnummer", is_dk_cpr},
    {"pt", "9|3 3 3", " ", "nif|contribuinte", is_pt_nif},
    {"br", "3 3 3 2", ".-", "", is_br_cpf},
    {"br", "11", "", "cpf", is_br_cpf},
    {"cl", "2 3 3 1|1 3 3 1", ".-", "", is_cl_rut},
    {"cl", "8 1|7 1", "-", "rut|run", is_cl_rut},
    {"mx", "18", "", "", is_mx_curp},
    {"ca", "9|3 3 3", " -", "sin|social insurance|assurance sociale", is_ca_sin},
    {"au", "9|3 3 3", " ", "tfn|tax file", is_au_tfn},
    {"in", "12|4 4 4", " -", "aadhaar|aadhar|uidai|\u0906\u0927\u093e\u0930", is_in_aadhaar},
    {"in", "10", "", "pan", is_in_pan},
    {"cn", "18", "", "", is_cn_resident_id},
    {"kr", "6 7", "-", "", is_kr_rrn},
    {"jp", "12|4 4 4", " -", "my number|\u30de\u30a4\u30ca\u30f3\u30d0\u30fc|\u500b\u4eba\u756a\u53f7", is_jp_my_number},
    {"tr", "11", "", "kimlik|tckn|t.c. no|tc no", is_tr_tckn},
    {"za", "13", "", "id number|id no|identity number", is_za_id},
    {"sg", "9", "", "", is_sg_nric},
};
constexpr IdRule kPassportRules[] = {
    {"*", "7|8|9", "", "passport|reisepass|passnummer|passeport|pasaporte|passaporto|passaporte|paspoort|paszport", is_passport}};

constexpr std::size_t kOneGroupMin = 7;  ///< no form of one group alone is shorter

/// Groups of letters and digits with single separators between them.
struct Groups {
  std::array<std::size_t, 8> lengths{}, ends{};
  std::array<char, 8> joints{};  ///< before each group
  std::size_t count = 0;
  std::string characters;
};

bool is_joint(char c) { return c == ' ' || c == '-' || c == '.' || c == '+'; }

Groups read_groups(Reader& reader, std::size_t at) {
  Groups out;
  while (out.count < out.lengths.size()) {
    const std::size_t begin = at;
    while (is_ascii_alnum(reader.at(at)) && out.characters.size() <= kCharactersMax) out.characters += reader.at(at++);
    if (at == begin || out.characters.size() > kCharactersMax) {
      out.characters.resize(out.characters.size() - (at - begin));
      break;
    }
    out.lengths[out.count] = at - begin;
    out.ends[out.count++] = at;
    if (!is_joint(reader.at(at)) || !is_ascii_alnum(reader.at(at + 1)) || out.count == out.lengths.size()) break;
    out.joints[out.count] = reader.at(at++);
  }
  return out;
}

/// How many groups `shape` takes, if they have its lengths and joints; else 0.
std::size_t fits(const Groups& groups, std::string_view shape, std::string_view joints) {
  std::size_t count = 0;
  while (!shape.empty()) {
    std::size_t length = 0;
    while (!shape.empty() && is_ascii_digit(shape[0])) {
      length = length * 10 + static_cast<std::size_t>(shape[0] - '0');
      shape.remove_prefix(1);
    }
    if (count == groups.count || groups.lengths[count] != length) return 0;
    if (count > 0 && joints.find(groups.joints[count]) == std::string_view::npos) return 0;
    ++count;
    if (!shape.empty()) shape.remove_prefix(1);
  }
  return count;
}

bool has_word(std::string_view text, std::string_view word) {
  for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    const bool begins = at == 0 || !is_ascii_letter(text[at - 1]);
    if (begins && (word.size() > 4 || end == text.size() || !is_ascii_letter(text[end]))) return true;
  }
  return false;
}

bool has_context(std::string_view text, std::size_t begin, std::string_view words) {
  if (words.empty()) return true;
  std::string_view before = text.substr(begin > kContextBytes ? begin - kContextBytes : 0, std::min(begin, kContextBytes));
  if (const auto line = before.rfind('\n'); line != std::string_view::npos) before.remove_prefix(line + 1);
  while (!words.empty()) {
    const auto end = std::min(words.find('|'), words.size());
    if (has_word(before, words.substr(0, end))) return true;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return false;
}

/// Where the letters and digits begin that `at` is in.
std::size_t token_begin(std::string_view text, std::size_t at, std::size_t from) {
  std::size_t begin = at;
  while (begin > from && at - begin < kCharactersMax && is_ascii_alnum(text[begin - 1])) --begin;
  return begin;
}

/// One or two letters and a space before `begin` may be a number's first group: "AB 12 34 56 C".
std::size_t letters_begin(std::string_view text, std::size_t begin, std::size_t from) {
  if (begin < from + 2 || text[begin - 1] != ' ') return begin;
  std::size_t at = begin - 1;
  while (at > from && begin - at < 4 && is_ascii_letter(text[at - 1])) --at;
  const std::size_t letters = begin - 1 - at;
  return letters == 1 || letters == 2 ? at : begin;
}

std::optional<Match> probe_at(std::span<const IdRule> rules, Reader& reader, std::size_t begin) {
  const std::string_view text = reader.text();
  if (begin > 0 && (is_ascii_alnum(text[begin - 1]) || text[begin - 1] == '_' || static_cast<unsigned char>(text[begin - 1]) >= 0x80))
    return std::nullopt;
  if (begin > 1 && is_joint(text[begin - 1]) && text[begin - 1] != ' ' && is_ascii_alnum(text[begin - 2]))
    return std::nullopt;  // the rest of something longer
  const Groups groups = read_groups(reader, begin);
  if (groups.count == 1 && groups.lengths[0] < kOneGroupMin) return std::nullopt;
  std::optional<Match> best;
  for (const IdRule& rule : rules) {
    for (std::string_view shapes = rule.shapes; !shapes.empty();) {
      const auto bar = std::min(shapes.find('|'), shapes.size());
      const std::size_t count = fits(groups, shapes.substr(0, bar), rule.joints);
      shapes.remove_prefix(std::min(bar + 1, shapes.size()));
      if (count == 0) continue;
      const std::size_t end = groups.ends[count - 1];
      const char behind = reader.at(end);
      if (is_ascii_alnum(behind) || behind == '_' || ((behind == '-' || behind == '.') && is_ascii_digit(reader.at(end + 1)))) continue;
      std::size_t characters = 0;
      for (std::size_t i = 0; i < count; ++i) characters += groups.lengths[i];
      const std::string_view id = std::string_view(groups.characters).substr(0, characters);
      if (!rule.check(id) || !has_context(text, begin, rule.context)) continue;
      if (!best || end > best->span.end) best = Match{{begin, end}, std::string(rule.country) + ":" + std::string(id)};
    }
  }
  return best;
}

std::optional<Match> probe_rules(std::span<const IdRule> rules, Reader& reader, const Place& place) {
  const std::size_t begin = token_begin(reader.text(), place.trigger, place.from);
  const std::size_t letters = begin == place.trigger ? letters_begin(reader.text(), begin, place.from) : begin;
  auto match = letters < begin ? probe_at(rules, reader, letters) : std::nullopt;
  return match ? match : probe_at(rules, reader, begin);
}

std::optional<Match> probe_national_id(Reader& reader, const Place& place, const Options&) { return probe_rules(kRules, reader, place); }
std::optional<Match> probe_passport(Reader& reader, const Place& place, const Options&) {
  return probe_rules(kPassportRules, reader, place);
}

std::size_t tail(std::string_view text, std::size_t end, std::size_t from) {
  const std::size_t begin = token_begin(text, end, from);
  return begin == end ? letters_begin(text, end, from) : begin;
}

}  // namespace

const Recogniser kNationalId{"national_id", "ID", "national-id", Trigger::kDigit, probe_national_id, caseless<tail>};
const Recogniser kPassport{"passport", "PASSPORT", "passport-in-context", Trigger::kDigit, probe_passport, caseless<tail>};

}  // namespace steward::filters::pii
