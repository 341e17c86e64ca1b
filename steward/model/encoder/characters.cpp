#include "steward/model/encoder/characters.h"

#include <unicode/utf8.h>

#include <algorithm>
#include <cstdint>

namespace steward::model {

Character character_at(std::string_view text, std::size_t at) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data()) + at;
  if (*bytes < 0x80) return {*bytes, 1};
  const auto length = static_cast<std::int32_t>(std::min<std::size_t>(text.size() - at, 4));
  std::int32_t used = 0;
  UChar32 c = 0;
  U8_NEXT(bytes, used, length, c);
  if (c < 0) return {kNoCharacter, static_cast<std::size_t>(used)};
  return {static_cast<char32_t>(c), static_cast<std::size_t>(used)};
}

}  // namespace steward::model
