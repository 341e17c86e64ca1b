#include <algorithm>
#include <array>

#include "steward/filters/pii/recogniser.h"

namespace steward::filters {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return c >= 'a' && c <= 'z'; }

/// A run of digits with single spaces or hyphens between them. `end` is behind the last digit; `open` if the text ends within the run.
struct DigitRun {
  std::string digits;
  std::size_t end;
  bool open;
};

DigitRun read_digits(std::string_view text, std::size_t at, std::size_t digits_max, bool finished) {
  DigitRun run{{}, at, false};
  std::size_t next = at;
  while (next < text.size() && run.digits.size() <= digits_max) {
    if (is_digit(text[next])) {
      run.digits += text[next];
      run.end = ++next;
    } else if ((text[next] == ' ' || text[next] == '-') && next > at && is_digit(text[next - 1])) {
      ++next;
    } else {
      break;
    }
  }
  run.open = next == text.size() && !finished;
  return run;
}

/// Issuer ranges in use (ISO/IEC 7812-1 registrations of the large networks) and the lengths that they issue.
bool is_issued(std::string_view digits) {
  const auto prefix = [&](std::size_t length) { return std::stoi(std::string(digits.substr(0, length))); };
  const std::size_t n = digits.size();
  const int two = prefix(2), three = prefix(3), four = prefix(4);
  if (digits[0] == '4') return n == 13 || n == 16 || n == 19;                                   // Visa
  if ((two >= 51 && two <= 55) || (four >= 2221 && four <= 2720)) return n == 16;               // Mastercard
  if (two == 34 || two == 37) return n == 15;                                                   // American Express
  if (four == 6011 || two == 65 || (three >= 644 && three <= 649)) return n >= 16 && n <= 19;   // Discover
  if (four >= 3528 && four <= 3589) return n >= 16 && n <= 19;                                  // JCB
  if (two == 36 || two == 38 || two == 39 || (three >= 300 && three <= 305)) return n >= 14 && n <= 19;  // Diners Club
  if (two == 62 || two == 81) return n >= 16 && n <= 19;                                        // UnionPay
  if (two == 50 || (two >= 56 && two <= 58) || two == 63 || two == 67) return n >= 12 && n <= 19;  // Maestro
  return two == 60 && n == 16;                                                                  // RuPay
}

class Card final : public Recogniser {
 public:
  std::string_view kind() const override { return "CARD"; }
  std::string_view subtype() const override { return "card"; }

  Attempt attempt(std::string_view text, std::size_t at, bool finished) const override {
    if (!is_digit(text[at])) return Attempt::no();
    const DigitRun run = read_digits(text, at, 19, finished);
    if (run.digits.size() > 19) return Attempt::no();
    if (run.open) return Attempt::more();
    if (run.digits.size() < 12) return Attempt::no();
    if (run.end < text.size() && (is_letter(text[run.end]) || text[run.end] == '_')) return Attempt::no();
    if (!is_issued(run.digits) || !luhn_valid(run.digits)) return Attempt::no();
    return {Attempt::Verdict::kFound, run.end - at, run.digits};
  }
};

/// IBAN lengths by country (SWIFT IBAN registry, release 98).
constexpr std::pair<std::string_view, int> kIbanLengths[] = {
    {"ad", 24}, {"ae", 23}, {"al", 28}, {"at", 20}, {"az", 28}, {"ba", 20}, {"be", 16}, {"bg", 22}, {"bh", 22}, {"br", 29}, {"by", 28},
    {"ch", 21}, {"cr", 22}, {"cy", 28}, {"cz", 24}, {"de", 22}, {"dk", 18}, {"do", 28}, {"ee", 20}, {"eg", 29}, {"es", 24}, {"fi", 18},
    {"fo", 18}, {"fr", 27}, {"gb", 22}, {"ge", 22}, {"gi", 23}, {"gl", 18}, {"gr", 27}, {"gt", 28}, {"hr", 21}, {"hu", 28}, {"ie", 22},
    {"il", 23}, {"iq", 23}, {"is", 26}, {"it", 27}, {"jo", 30}, {"kw", 30}, {"kz", 20}, {"lb", 28}, {"lc", 32}, {"li", 21}, {"lt", 20},
    {"lu", 20}, {"lv", 21}, {"mc", 27}, {"md", 24}, {"me", 22}, {"mk", 19}, {"mr", 27}, {"mt", 31}, {"mu", 30}, {"nl", 18}, {"no", 15},
    {"pk", 24}, {"pl", 28}, {"ps", 29}, {"pt", 25}, {"qa", 29}, {"ro", 24}, {"rs", 22}, {"sa", 24}, {"sc", 31}, {"se", 24}, {"si", 19},
    {"sk", 24}, {"sm", 27}, {"st", 25}, {"sv", 28}, {"tl", 23}, {"tn", 24}, {"tr", 26}, {"ua", 29}, {"va", 22}, {"vg", 24}, {"xk", 20}};

int iban_length(std::string_view country) {
  const auto found = std::lower_bound(std::begin(kIbanLengths), std::end(kIbanLengths), country,
                                      [](const auto& entry, std::string_view value) { return entry.first < value; });
  return found != std::end(kIbanLengths) && found->first == country ? found->second : 0;
}

class Iban final : public Recogniser {
 public:
  std::string_view kind() const override { return "IBAN"; }
  std::string_view subtype() const override { return "iban"; }

  Attempt attempt(std::string_view text, std::size_t at, bool finished) const override {
    if (!is_letter(text[at])) return Attempt::no();
    std::string compact;
    std::size_t end = at, next = at;
    int length = 4;
    while (next < text.size() && static_cast<int>(compact.size()) < length) {
      const char c = text[next];
      if (is_letter(c) || is_digit(c)) {
        if ((compact.size() < 2 && !is_letter(c)) || (compact.size() >= 2 && compact.size() < 4 && !is_digit(c))) return Attempt::no();
        compact += static_cast<char>(is_letter(c) ? c - 32 : c);
        if (compact.size() == 2) length = iban_length(text.substr(at, 2));
        if (length == 0) return Attempt::no();
        end = ++next;
      } else if (c == ' ' && next == end && compact.size() >= 4) {
        ++next;  // groups are printed with single spaces
      } else {
        return Attempt::no();
      }
    }
    if (static_cast<int>(compact.size()) < length) return finished ? Attempt::no() : Attempt::more();
    if (end == text.size() && !finished) return Attempt::more();  // a further letter or digit would make it something else
    if (end < text.size() && (is_letter(text[end]) || is_digit(text[end]))) return Attempt::no();
    if (!iban_valid(compact)) return Attempt::no();
    return {Attempt::Verdict::kFound, end - at, compact};
  }
};

}  // namespace

bool luhn_valid(std::string_view digits) {
  int sum = 0;
  bool doubled = false;
  for (auto at = digits.rbegin(); at != digits.rend(); ++at, doubled = !doubled) {
    const int value = (*at - '0') * (doubled ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  }
  // All digits alike pass the check too, and are what people type as a filler.
  return sum % 10 == 0 && digits.find_first_not_of(digits[0]) != std::string_view::npos;
}

bool iban_valid(std::string_view compact) {
  if (compact.size() < 5) return false;
  int rest = 0;
  for (std::size_t i = 0; i < compact.size(); ++i) {
    const char c = compact[(i + 4) % compact.size()];
    rest = c >= 'A' ? (rest * 100 + (c - 'A' + 10)) % 97 : (rest * 10 + (c - '0')) % 97;
  }
  return rest == 1;
}

std::unique_ptr<Recogniser> make_card_recogniser() { return std::make_unique<Card>(); }
std::unique_ptr<Recogniser> make_iban_recogniser() { return std::make_unique<Iban>(); }

}  // namespace steward::filters
