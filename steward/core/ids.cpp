#include "steward/core/ids.h"

#include "steward/core/hash.h"

namespace steward {
namespace {

std::array<std::uint8_t, 16> uuid7(const Clock& clock) {
  std::array<std::uint8_t, 16> bytes;
  random_bytes(bytes);
  const auto ms = static_cast<std::uint64_t>(clock.now_us() / 1000);
  for (int i = 0; i < 6; ++i) bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(ms >> (8 * (5 - i)));
  bytes[6] = static_cast<std::uint8_t>(0x70 | (bytes[6] & 0x0f));
  bytes[8] = static_cast<std::uint8_t>(0x80 | (bytes[8] & 0x3f));
  return bytes;
}

}  // namespace

std::string make_uuid7(const Clock& clock) {
  const std::string digits = hex(uuid7(clock));
  std::string id;
  id.reserve(digits.size() + 4);
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i == 8 || i == 12 || i == 16 || i == 20) id += '-';
    id += digits[i];
  }
  return id;
}

std::string make_id(std::string_view prefix, const Clock& clock) {
  std::string id;
  id.reserve(prefix.size() + 32);
  return id.append(prefix).append(hex(uuid7(clock)));
}

}  // namespace steward
