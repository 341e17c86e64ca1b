#include "steward/filters/pii/phone_context.h"

#include <algorithm>
#include <array>

#include "steward/filters/pii/reader.h"

namespace steward::filters::pii {
namespace {

constexpr std::size_t kContextBytes = 40;

// Folded words that introduce a phone number, in the languages of the shipped policies.
constexpr std::string_view kPhoneWords[] = {
    "phone",    "telephone", "tel",       "cell",     "cellphone", "mobile",    "mob",       "fax",      "call",    "dial",  "sms",
    "whatsapp", "signal",    "hotline",   "landline", "reach",     "text me",   "my number", "contact",  "telefon", "handy", "rufnummer",
    "ruf",      "mobil",     "téléphone", "portable", "appelle",   "appelez",   "teléfono",  "telefono", "móvil",   "movil", "celular",
    "llama",    "llámame",   "llamame",   "telefone", "ligue",     "telemóvel", "cellulare", "chiama",   "电话",    "電話",  "手机",
    "手機",     "携帯",      "전화",      "फोन",      "मोबाइल",    "نمبر",      "هاتف",      "телефон",  "тел"};
// Folded words that introduce other numbers.
constexpr std::string_view kOtherWords[] = {"order",   "invoice",       "isbn",     "issn",       "ean",       "upc",     "sku",
                                            "ticket",  "case",          "tracking", "ref",        "reference", "serial",  "id",
                                            "version", "build",         "part",     "item",       "model",     "zip",     "plz",
                                            "receipt", "bestellnummer", "auftrag",  "rechnung",   "commande",  "facture", "pedido",
                                            "factura", "fatura",        "artículo", "population", "row",       "订单",    "注文"};

bool is_border(std::string_view text, std::size_t begin, std::size_t end) {
  const bool ascii_first = static_cast<unsigned char>(text[begin]) < 0x80;
  const bool ascii_last = static_cast<unsigned char>(text[end - 1]) < 0x80;
  return !(ascii_first && begin > 0 && is_ascii_alnum(text[begin - 1])) && !(ascii_last && end < text.size() && is_ascii_letter(text[end]));
}

template <std::size_t kCount>
std::size_t last_word(std::string_view window, const std::string_view (&words)[kCount]) {
  std::size_t last = 0;
  for (const std::string_view word : words) {
    for (auto at = window.rfind(word); at != std::string_view::npos; at = at == 0 ? std::string_view::npos : window.rfind(word, at - 1)) {
      if (!is_border(window, at, at + word.size())) continue;
      last = std::max(last, at + word.size());
      break;
    }
  }
  return last;
}

}  // namespace

NumberContext number_context(std::string_view text, std::size_t begin) {
  const std::size_t from = begin > kContextBytes ? begin - kContextBytes : 0;
  std::string_view window = text.substr(from, begin - from);
  const std::size_t line = window.rfind('\n');
  if (line != std::string_view::npos && line + 1 < window.size()) window.remove_prefix(line + 1);
  const std::size_t phone = last_word(window, kPhoneWords);
  const std::size_t other = last_word(window, kOtherWords);
  if (phone == 0 && other == 0) return NumberContext::kNone;
  return phone >= other ? NumberContext::kPhone : NumberContext::kOther;
}

}  // namespace steward::filters::pii
