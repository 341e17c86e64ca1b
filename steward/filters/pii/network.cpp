#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "steward/filters/pii/recogniser.h"

namespace steward::filters::pii {
namespace {

constexpr std::size_t kAddressBytesMax = 45;

bool is_hex(char c) { return is_ascii_digit(c) || (c >= 'a' && c <= 'f'); }
bool is_address_char(char c) { return is_hex(c) || c == ':'; }

std::size_t token_begin(std::string_view text, std::size_t at, std::size_t from, bool (*belongs)(char)) {
  std::size_t begin = at;
  while (begin > from && at - begin < kAddressBytesMax && belongs(text[begin - 1])) --begin;
  return begin;
}

/// Addresses that point at nobody (RFC 6890), and quads that look like versions.
bool is_special(const std::array<int, 4>& quad) {
  const auto [a, b, c, d] = quad;
  if (a == 0 || a == 10 || a == 127 || a >= 224) return true;
  if ((a == 169 && b == 254) || (a == 172 && b >= 16 && b <= 31) || (a == 192 && b == 168) || (a == 100 && b >= 64 && b <= 127))
    return true;
  if ((a == 192 && b == 0 && c == 2) || (a == 198 && b == 51 && c == 100) || (a == 203 && b == 0 && c == 113)) return true;
  return a < 10 && b < 20 && c < 20 && d < 20;
}

bool names_a_version(std::string_view text, std::size_t begin) {
  std::string_view before = text.substr(begin > 12 ? begin - 12 : 0, std::min<std::size_t>(begin, 12));
  while (!before.empty() && (before.back() == ' ' || before.back() == ':' || before.back() == '=')) before.remove_suffix(1);
  for (const std::string_view word : {"version", "release", "ver", "build", "firmware", "section", " v"})
    if (before.ends_with(word)) return true;
  return before == "v";
}

std::optional<Match> probe_v4(Reader& reader, std::size_t begin) {
  std::array<int, 4> quad{};
  std::size_t at = begin;
  for (std::size_t i = 0; i < 4; ++i) {
    std::size_t digits = 0;
    for (; is_ascii_digit(reader.at(at)) && digits < 4; ++at, ++digits) quad[i] = quad[i] * 10 + (reader.at(at) - '0');
    if (digits == 0 || digits > 3 || quad[i] > 255) return std::nullopt;
    if (i < 3 && reader.at(at++) != '.') return std::nullopt;
  }
  const char behind = reader.at(at);
  if (is_ascii_alnum(behind) || behind == '_' || (behind == '.' && is_ascii_alnum(reader.at(at + 1))) ||
      (behind == '-' && is_ascii_alnum(reader.at(at + 1))))
    return std::nullopt;
  if (is_special(quad) || names_a_version(reader.text(), begin)) return std::nullopt;
  return Match{{begin, at}, std::string(reader.text().substr(begin, at - begin))};
}

std::optional<Match> probe_v6(Reader& reader, std::size_t begin) {
  std::size_t at = begin, colons = 0;
  while (is_address_char(reader.at(at)) && at - begin <= kAddressBytesMax) colons += reader.at(at++) == ':' ? 1 : 0;
  if (colons < 2 || at - begin > kAddressBytesMax || is_ascii_alnum(reader.at(at))) return std::nullopt;
  std::string address(reader.text().substr(begin, at - begin));
  if (address.ends_with(':') && !address.ends_with("::")) address.pop_back();
  std::array<unsigned char, 16> bytes{};
  if (::inet_pton(AF_INET6, address.c_str(), bytes.data()) != 1) return std::nullopt;
  const bool is_global = (bytes[0] & 0xE0) == 0x20;  // 2000::/3
  const bool is_documentation = bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] == 0x0D && bytes[3] == 0xB8;
  if (!is_global || is_documentation) return std::nullopt;
  return Match{{begin, begin + address.size()}, std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size())};
}

std::optional<Match> probe_ip(Reader& reader, const Place& place, const Options&) {
  const std::string_view text = reader.text();
  const auto stands_alone = [&](std::size_t begin) {
    return begin == 0 || !(is_ascii_alnum(text[begin - 1]) || text[begin - 1] == '.' || text[begin - 1] == '-' || text[begin - 1] == '_');
  };
  if (stands_alone(place.trigger))
    if (auto match = probe_v4(reader, place.trigger)) return match;
  const std::size_t begin = token_begin(text, place.trigger, place.from, is_address_char);
  return stands_alone(begin) ? probe_v6(reader, begin) : std::nullopt;
}

bool is_mac_char(char c) { return is_hex(c) || c == ':' || c == '-'; }

/// Six pairs of hex digits with one separator (IEEE 802, 8.1).
std::optional<Match> probe_mac(Reader& reader, const Place& place, const Options&) {
  const std::string_view text = reader.text();
  const std::size_t begin = token_begin(text, place.trigger, place.from, is_mac_char);
  if (begin > 0 && (is_ascii_alnum(text[begin - 1]) || text[begin - 1] == '_')) return std::nullopt;
  std::string canonical;
  std::size_t at = begin;
  char separator = '\0';
  for (int pair = 0; pair < 6; ++pair) {
    if (pair > 0) {
      const char c = reader.at(at++);
      if ((c != ':' && c != '-') || (separator != '\0' && c != separator)) return std::nullopt;
      separator = c;
    }
    for (int i = 0; i < 2; ++i) {
      if (!is_hex(reader.at(at))) return std::nullopt;
      canonical += reader.at(at++);
    }
  }
  if (is_ascii_alnum(reader.at(at)) || reader.at(at) == separator) return std::nullopt;
  if (canonical.find_first_not_of(canonical[0]) == std::string::npos) return std::nullopt;
  return Match{{begin, at}, std::move(canonical)};
}

std::size_t tail_ip(std::string_view text, std::size_t end, std::size_t from) { return token_begin(text, end, from, is_address_char); }
std::size_t tail_mac(std::string_view text, std::size_t end, std::size_t from) { return token_begin(text, end, from, is_mac_char); }

}  // namespace

const Recogniser kIp{"ip", "IP", "ip-address", Trigger::kDigit, probe_ip, caseless<tail_ip>};
const Recogniser kMac{"mac", "MAC", "mac-address", Trigger::kDigit, probe_mac, caseless<tail_mac>};

}  // namespace steward::filters::pii
