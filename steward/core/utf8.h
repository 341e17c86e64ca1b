#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace steward {

/// Position of the first byte that is not well-formed UTF-8 (RFC 3629), or nullopt.
std::optional<std::size_t> find_invalid_utf8(std::string_view bytes);

}  // namespace steward
