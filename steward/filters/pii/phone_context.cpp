#include "steward/filters/pii/phone_context.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "steward/filters/pii/word_set.h"

namespace steward::filters::pii {
namespace {

constexpr std::size_t kContextBytes = 40;

// Folded words that introduce a phone number, in the languages of the shipped policies.
enum Kind : std::uint8_t { kNothing, kPhone, kOther };

/// Folded words, in the languages of the shipped policies, that introduce a phone number or another kind of number.
Kind kind_of(std::string_view word) {
  static const WordMap kWords({
      {"phone telephone tel cell cellphone mobile mob fax call dial sms whatsapp signal hotline "
       "landline reach contact telefon handy rufnummer ruf mobil portable appelle appelez telefono "
       "movil celular llama llamame telefone ligue cellulare chiama",
       kPhone},
      {"order invoice isbn issn ean upc sku ticket case tracking ref reference serial id version build "
       "part item model zip plz receipt bestellnummer auftrag rechnung commande facture pedido factura "
       "fatura population row",
       kOther},
  });
  return static_cast<Kind>(kWords.find(word));
}

// The same in other letters: these stand anywhere, with endings or without spaces.
constexpr std::string_view kHighPhoneWords[] = {"téléphone", "teléfono", "móvil", "llámame", "telemóvel", "电话", "電話",    "手机", "手機",
                                                "携帯",      "전화",     "फोन",   "मोबाइल",  "نمبر",      "هاتف", "телефон", "тел"};
constexpr std::string_view kHighOtherWords[] = {"artículo", "订单", "注文"};

bool is_high(char c) { return static_cast<unsigned char>(c) >= 0x80; }

/// End of the last of `words` in `window`, or 0.
template <std::size_t kCount>
std::size_t last_end(std::string_view window, const std::string_view (&words)[kCount]) {
  std::size_t last = 0;
  for (const std::string_view word : words) {
    const std::size_t at = window.rfind(word);
    if (at != std::string_view::npos) last = std::max(last, at + word.size());
  }
  return last;
}

/// The last word of ASCII letters that says something, with its end.
std::pair<Kind, std::size_t> last_word(std::string_view window) {
  std::string_view next;
  for (std::size_t end = window.size(); end > 0;) {
    std::size_t begin = end;
    while (begin > 0 && is_ascii_letter(window[begin - 1])) --begin;
    if (begin == end) {
      --end;
      continue;
    }
    const std::string_view word = window.substr(begin, end - begin);
    const bool borders = begin == 0 || !is_ascii_digit(window[begin - 1]);
    if (const Kind kind = kind_of(word); borders && kind != kNothing) return {kind, end};
    if ((word == "text" && next == "me") || (word == "my" && next == "number")) return {kPhone, end + 1 + next.size()};
    next = word;
    end = begin;
  }
  return {kNothing, 0};
}

}  // namespace

NumberContext number_context(std::string_view text, std::size_t begin) {
  const std::size_t from = begin > kContextBytes ? begin - kContextBytes : 0;
  std::string_view window = text.substr(from, begin - from);
  const std::size_t line = window.rfind('\n');
  if (line != std::string_view::npos && line + 1 < window.size()) window.remove_prefix(line + 1);
  auto [kind, end] = last_word(window);
  if (std::any_of(window.begin(), window.end(), is_high)) {
    const std::size_t phone = last_end(window, kHighPhoneWords);
    const std::size_t other = last_end(window, kHighOtherWords);
    if (phone > 0 && phone >= std::max(other, end)) return NumberContext::kPhone;
    if (other > end) return NumberContext::kOther;
  }
  return kind == kNothing ? NumberContext::kNone : kind == kPhone ? NumberContext::kPhone : NumberContext::kOther;
}

}  // namespace steward::filters::pii
