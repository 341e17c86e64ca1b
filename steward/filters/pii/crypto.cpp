#include <algorithm>
#include <array>
#include <cstdint>

#include "steward/filters/pii/recogniser.h"

namespace steward::filters::pii {
namespace {

constexpr std::size_t kAddressBytesMax = 90;
constexpr std::size_t kContextBytes = 48;

std::size_t token_begin(std::string_view text, std::size_t at, std::size_t from) {
  std::size_t begin = at;
  while (begin > from && at - begin < kAddressBytesMax && is_ascii_alnum(text[begin - 1])) --begin;
  return begin;
}

/// BIP-173 and BIP-350: the checksum of a segregated-witness address.
bool is_bech32(std::string_view address) {
  constexpr std::string_view kAlphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
  constexpr std::array<std::uint32_t, 5> kGenerator = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
  if (address.size() < 14 || !address.starts_with("bc1")) return false;
  std::uint32_t check = 1;
  const auto take = [&](std::uint32_t value) {
    const std::uint32_t top = check >> 25;
    check = (check & 0x1ffffff) << 5 ^ value;
    for (std::size_t i = 0; i < kGenerator.size(); ++i) check ^= (top >> i & 1) != 0 ? kGenerator[i] : 0;
  };
  for (const char c : {'b', 'c'}) take(static_cast<std::uint32_t>(c) >> 5);
  take(0);
  for (const char c : {'b', 'c'}) take(static_cast<std::uint32_t>(c) & 31);
  for (const char c : address.substr(3)) {
    const auto value = kAlphabet.find(c);
    if (value == std::string_view::npos) return false;
    take(static_cast<std::uint32_t>(value));
  }
  return check == 1 || check == 0x2bc830a3;
}

/// 0x and forty hex digits (EIP-55; folding takes its checksum away).
bool is_ethereum(std::string_view address) {
  return address.size() == 42 && address.starts_with("0x") &&
         std::all_of(address.begin() + 2, address.end(), [](char c) { return is_ascii_digit(c) || (c >= 'a' && c <= 'f'); }) &&
         address.substr(2).find_first_not_of(address[2]) != std::string_view::npos;
}

/// Base58 addresses have their checksum in the letter case, which folding takes away: a word must stand before them.
bool is_base58(std::string_view address) {
  if (address.size() < 26 || address.size() > 35 || (address[0] != '1' && address[0] != '3')) return false;
  return address.find('0') == std::string_view::npos && std::any_of(address.begin(), address.end(), is_ascii_letter);
}

bool has_context(std::string_view text, std::size_t begin) {
  const std::string_view before = text.substr(begin > kContextBytes ? begin - kContextBytes : 0, std::min(begin, kContextBytes));
  for (const std::string_view word : {"btc", "bitcoin", "wallet", "crypto"})
    if (before.find(word) != std::string_view::npos) return true;
  return false;
}

std::optional<Match> probe(Reader& reader, const Place& place, const Options&) {
  const std::string_view text = reader.text();
  const std::size_t begin = token_begin(text, place.trigger, place.from);
  if (begin > 0 && (is_ascii_alnum(text[begin - 1]) || text[begin - 1] == '_')) return std::nullopt;
  std::size_t end = begin;
  while (is_ascii_alnum(reader.at(end)) && end - begin <= kAddressBytesMax) ++end;
  const std::string_view address = text.substr(begin, end - begin);
  if (address.size() > kAddressBytesMax || reader.at(end) == '_') return std::nullopt;
  if (!is_bech32(address) && !is_ethereum(address) && !(is_base58(address) && has_context(text, begin))) return std::nullopt;
  return Match{{begin, end}, std::string(address)};
}

std::size_t tail(std::string_view text, std::size_t end, std::size_t from) { return token_begin(text, end, from); }

}  // namespace

const Recogniser kCrypto{"crypto", "WALLET", "crypto-address", Trigger::kDigit, probe, caseless<tail>};

}  // namespace steward::filters::pii
