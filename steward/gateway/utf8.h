#pragma once

#include <string>
#include <string_view>

namespace steward::gateway {

/// Length of the well-formed character (RFC 3629) at the front of `bytes`, 0 if there is none.
std::size_t utf8_character(std::string_view bytes);
bool is_utf8(std::string_view bytes);

}  // namespace steward::gateway
