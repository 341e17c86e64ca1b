#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace steward {

/// Position of the first byte that is not well-formed UTF-8 (RFC 3629), or nullopt.
std::optional<std::size_t> find_invalid_utf8(std::string_view bytes);

/// Every byte that belongs to no character becomes U+FFFD.
std::string repair_utf8(std::string_view bytes);

/// Appends `c`, a Unicode scalar value, in UTF-8.
void append_utf8(char32_t c, std::string& out);

}  // namespace steward
