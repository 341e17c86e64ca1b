#pragma once

#include <cstddef>
#include <string_view>

namespace steward::model {

/// kNoCharacter: a byte that is no UTF-8, or more of them.
inline constexpr char32_t kNoCharacter = 0x110000;

struct Character {
  char32_t c = kNoCharacter;
  std::size_t bytes = 1;
};

/// The character that begins at `at`, which is below text.size().
Character character_at(std::string_view text, std::size_t at);

}  // namespace steward::model
