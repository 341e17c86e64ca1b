#include <algorithm>

#include "steward/filters/pii/recogniser.h"

namespace steward::filters {
namespace {

constexpr std::size_t kLocalBytesMax = 64;    // RFC 5321, section 4.5.3.1.1
constexpr std::size_t kDomainBytesMax = 253;

bool is_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80; }
bool is_local(char c) { return is_alnum(c) || std::string_view("._%+-'&=~!#$*/?^{|}").find(c) != std::string_view::npos; }
bool is_domain(char c) { return is_alnum(c) || c == '.' || c == '-'; }

bool is_domain_name(std::string_view domain) {
  const auto dot = domain.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return false;
  const std::string_view top = domain.substr(dot + 1);
  if (top.size() < 2 || !std::all_of(top.begin(), top.end(), [](char c) { return (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80; })) return false;
  return domain.find("..") == std::string_view::npos && domain[0] != '-';
}

class Email final : public Recogniser {
 public:
  std::string_view kind() const override { return "EMAIL"; }
  std::string_view subtype() const override { return "email"; }

  Attempt attempt(std::string_view text, std::size_t at, bool finished) const override {
    if (!is_alnum(text[at])) return Attempt::no();
    std::size_t end = at;
    while (end < text.size() && is_local(text[end])) ++end;
    if (end - at > kLocalBytesMax) return Attempt::no();
    if (end == text.size()) return finished ? Attempt::no() : Attempt::more();
    if (text[end] != '@' || text[end - 1] == '.') return Attempt::no();
    const std::size_t domain = ++end;
    while (end < text.size() && is_domain(text[end]) && end - domain <= kDomainBytesMax) ++end;
    if (end == text.size() && !finished) return end - domain > kDomainBytesMax ? Attempt::no() : Attempt::more();
    // "me@example.org." ends a sentence; "me@example.org.It" is what is left of a missing space.
    while (end > domain && (text[end - 1] == '.' || text[end - 1] == '-')) --end;
    if (!is_domain_name(text.substr(domain, end - domain))) return Attempt::no();
    return {Attempt::Verdict::kFound, end - at, std::string(text.substr(at, end - at))};
  }
};

}  // namespace

std::unique_ptr<Recogniser> make_email_recogniser() { return std::make_unique<Email>(); }

}  // namespace steward::filters
