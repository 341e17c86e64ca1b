#include "steward/core/ids.h"

#include "steward/core/hash.h"

namespace steward {
namespace {

std::string uuid7_hex(const Clock& clock) {
  std::array<std::uint8_t, 16> bytes;
  random_bytes(bytes);
  const auto ms = static_cast<std::uint64_t>(clock.now_us() / 1000);
  for (int i = 0; i < 6; ++i) bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(ms >> (8 * (5 - i)));
  bytes[6] = static_cast<std::uint8_t>(0x70 | (bytes[6] & 0x0f));
  bytes[8] = static_cast<std::uint8_t>(0x80 | (bytes[8] & 0x3f));
  return hex(bytes);
}

}  // namespace

std::string make_uuid7(const Clock& clock) {
  std::string id = uuid7_hex(clock);
  for (const std::size_t at : {8, 13, 18, 23}) id.insert(at, 1, '-');
  return id;
}

std::string make_id(std::string_view prefix, const Clock& clock) { return std::string(prefix) + uuid7_hex(clock); }

}  // namespace steward
