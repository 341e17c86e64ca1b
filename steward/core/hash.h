#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "steward/core/result.h"

namespace steward {

using Digest = std::array<std::uint8_t, 32>;
using Key = std::array<std::uint8_t, 32>;

/// Incremental SHA-256 (FIPS 180-4).
class Sha256 {
 public:
  Sha256();
  Sha256& update(std::string_view bytes);
  Digest finish();

 private:
  alignas(16) std::array<std::uint8_t, 128> state_;
};

Digest sha256(std::string_view bytes);
Result<std::string> sha256_file_hex(const std::string& path);

/// Keyed BLAKE2b-256 (RFC 7693): for pseudonyms that nobody without the key can enumerate.
Digest keyed_hash(const Key& key, std::string_view bytes);
Key derive_key(const Key& key, std::string_view context);
Key random_key();
void random_bytes(std::span<std::uint8_t> out);

std::string hex(std::span<const std::uint8_t> bytes);
/// Value of a hexadecimal digit in either case, or -1.
constexpr int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}
/// Errors: kInvalidInput unless `text` is an even number of hex digits.
Result<std::string> from_hex(std::string_view text);
/// Compares without telling by its time where the first difference is.
bool equal_constant_time(std::string_view a, std::string_view b);
/// Fast unkeyed 64-bit hash (FNV-1a), for tables and seeds only.
std::uint64_t hash64(std::string_view bytes);

}  // namespace steward
