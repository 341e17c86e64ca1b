#include <algorithm>
#include <array>
#include <map>
#include <mutex>

#include <re2/re2.h>

#include "steward/core/check.h"
#include "steward/filters/pii/recogniser.h"

namespace steward::filters {
namespace {

struct PhoneRegion {
  std::string_view region;
  int country_code;
  std::string_view national_prefix;
  std::size_t digits_min, digits_max;  ///< of the national number
  const char* pattern;                 ///< of every kind of valid national number
};
#include "steward/filters/pii/phone_tables.inc"

constexpr std::size_t kDigitsMax = 15;  // ITU-T E.164
constexpr std::size_t kBytesMax = 32;
constexpr std::size_t kContextBytes = 32;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80; }
bool is_separator(char c) { return c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' || c == '/'; }

const PhoneRegion* region_of(std::string_view name) {
  const auto found = std::find_if(std::begin(kPhoneRegions), std::end(kPhoneRegions), [&](const PhoneRegion& r) { return r.region == name; });
  return found == std::end(kPhoneRegions) ? nullptr : found;
}

/// Compiled once a region, when first needed. Thread-safe.
const re2::RE2& pattern_of(const PhoneRegion& region) {
  static std::mutex mutex;
  static std::map<const PhoneRegion*, std::unique_ptr<re2::RE2>> compiled;
  const std::lock_guard lock(mutex);
  auto& pattern = compiled[&region];
  if (!pattern) {
    pattern = std::make_unique<re2::RE2>(region.pattern, re2::RE2::Quiet);
    STEWARD_CHECK(pattern->ok());
  }
  return *pattern;
}

bool is_valid(const PhoneRegion& region, std::string_view national) {
  return national.size() >= region.digits_min && national.size() <= region.digits_max &&
         re2::RE2::FullMatch(re2::StringPiece(national.data(), national.size()), pattern_of(region));
}

/// A candidate: digits with separators, cut behind its last digit.
struct Candidate {
  std::string digits;
  bool international = false;
  int separators = 0;
  bool dots_only = true;   ///< every separator is a dot: as in versions and IP addresses
  std::size_t end = 0;
  bool open = false;
};

Candidate read_candidate(std::string_view text, std::size_t at, bool finished) {
  Candidate out;
  std::size_t next = at;
  if (text[next] == '+') {
    out.international = true;
    ++next;
  }
  int run = 0;  // separators in a row
  int pending = 0;
  bool pending_dots = true;
  while (next < text.size() && next - at < kBytesMax && out.digits.size() <= kDigitsMax) {
    const char c = text[next];
    if (is_digit(c)) {
      out.digits += c;
      out.end = next + 1;
      out.separators += pending;
      out.dots_only = out.dots_only && pending_dots;
      pending = 0;
      run = 0;
      pending_dots = true;
    } else if (is_separator(c) && run < 2) {
      ++run;
      pending = 1;
      pending_dots = pending_dots && c == '.';
    } else {
      break;
    }
    ++next;
  }
  out.open = next == text.size() && !finished;
  return out;
}

bool is_phone_word_before(std::string_view text, std::size_t at) {
  static constexpr std::string_view kWords[] = {"phone", "call", "tel", "mobile", "cell", "fax", "whatsapp", "sms", "telefon", "handy", "nummer", "ruf",
                                                "teléfono", "telefono", "móvil", "llama", "téléphone", "portable", "appelle", "telefone", "celular", "cellulare"};
  const std::size_t begin = at > kContextBytes ? at - kContextBytes : 0;
  const std::string_view before = text.substr(begin, at - begin);
  return std::any_of(std::begin(kWords), std::end(kWords), [&](std::string_view word) { return before.find(word) != std::string_view::npos; });
}

class Phone final : public Recogniser {
 public:
  explicit Phone(const std::vector<std::string>& regions) {
    for (const std::string& region : regions)
      if (const PhoneRegion* found = region_of(region)) national_.push_back(found);
  }
  std::string_view kind() const override { return "PHONE"; }
  std::string_view subtype() const override { return "phone"; }

  Attempt attempt(std::string_view text, std::size_t at, bool finished) const override {
    const char first = text[at];
    if (!is_digit(first) && first != '+' && first != '(') return Attempt::no();
    if (at > 0 && (text[at - 1] == '.' || text[at - 1] == '-' || text[at - 1] == '/' || text[at - 1] == '$' || text[at - 1] == '#')) return Attempt::no();
    const Candidate candidate = read_candidate(text, at, finished);
    if (candidate.open) return Attempt::more();
    if (candidate.digits.size() < 6 || candidate.digits.size() > kDigitsMax) return Attempt::no();
    if (candidate.end < text.size() && (is_letter(text[candidate.end]) || text[candidate.end] == '_' || text[candidate.end] == '%')) return Attempt::no();
    const std::string canonical = candidate.international ? international(candidate.digits) : national(text, at, candidate);
    if (canonical.empty()) return Attempt::no();
    return {Attempt::Verdict::kFound, candidate.end - at, canonical};
  }

 private:
  /// "+CC…" of a valid number, or "".
  static std::string international(std::string_view digits) {
    for (const PhoneRegion& region : kPhoneRegions) {
      const std::string code = std::to_string(region.country_code);
      if (!digits.starts_with(code)) continue;
      std::string_view rest = digits.substr(code.size());
      if (is_valid(region, rest)) return "+" + std::string(digits);
      // "+44 (0)20 …": the national prefix in brackets.
      if (!region.national_prefix.empty() && rest.starts_with(region.national_prefix) && is_valid(region, rest.substr(region.national_prefix.size())))
        return "+" + code + std::string(rest.substr(region.national_prefix.size()));
    }
    return {};
  }

  std::string national(std::string_view text, std::size_t at, const Candidate& candidate) const {
    const bool looks_like_one = candidate.separators > 0 && !candidate.dots_only && (candidate.digits.size() >= 9 || text[at] == '(' || text[at] == '0');
    if (!looks_like_one && !is_phone_word_before(text, at)) return {};
    for (const PhoneRegion* region : national_) {
      std::string_view digits = candidate.digits;
      const bool prefixed = !region->national_prefix.empty() && digits.starts_with(region->national_prefix);
      if (prefixed && is_valid(*region, digits.substr(region->national_prefix.size()))) digits.remove_prefix(region->national_prefix.size());
      else if (!is_valid(*region, digits)) continue;
      return "+" + std::to_string(region->country_code) + std::string(digits);
    }
    return {};
  }

  std::vector<const PhoneRegion*> national_;
};

}  // namespace

std::unique_ptr<Recogniser> make_phone_recogniser(const std::vector<std::string>& regions) { return std::make_unique<Phone>(regions); }
bool is_phone_region(std::string_view region) { return region_of(region) != nullptr; }

}  // namespace steward::filters
