#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace steward::filters {

/// What a recogniser says of one position.
struct Attempt {
  enum class Verdict { kNo, kFound, kMore };  ///< kMore: it may be one, the text ends too soon to tell
  Verdict verdict = Verdict::kNo;
  std::size_t length = 0;   ///< bytes, for kFound
  std::string canonical;    ///< for kFound: decides whether two values are the same

  static Attempt no() { return {}; }
  static Attempt more() { return {Verdict::kMore, 0, {}}; }
};

/// Recognises one kind of personal data at one position of folded text. Its answer depends on the text from `at` on and on a bounded
/// stretch before it, so that it is the same however a stream was cut. Immutable.
class Recogniser {
 public:
  virtual ~Recogniser() = default;
  virtual std::string_view kind() const = 0;      ///< EMAIL: stands in placeholders
  virtual std::string_view subtype() const = 0;   ///< email: stands in findings
  /// `at` is the first byte of a character that no letter or digit stands before. `finished`: nothing follows `text`.
  virtual Attempt attempt(std::string_view text, std::size_t at, bool finished) const = 0;
};

/// RFC 5321 addresses in their usual form: a dot-atom, "@", a domain with a letter-only top level.
std::unique_ptr<Recogniser> make_email_recogniser();
/// Payment cards: 12 to 19 digits, a known issuer range and the Luhn check (ISO/IEC 7812-1).
std::unique_ptr<Recogniser> make_card_recogniser();
/// IBANs: the country's length and the mod 97-10 check (ISO 13616, ISO/IEC 7064).
std::unique_ptr<Recogniser> make_iban_recogniser();
/// Phone numbers: international ones of every country; national ones of `regions` (ISO 3166-1) if they are written as phone numbers
/// or a word such as "call" stands before.
std::unique_ptr<Recogniser> make_phone_recogniser(const std::vector<std::string>& regions);

/// True for regions that make_phone_recogniser knows.
bool is_phone_region(std::string_view region);

bool luhn_valid(std::string_view digits);
bool iban_valid(std::string_view compact_upper_case);

}  // namespace steward::filters
