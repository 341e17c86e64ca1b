#pragma once

#include <string>
#include <string_view>

namespace steward::eval {

/// Lower case by Unicode, in no language: as Python's str.lower().
std::string lower(std::string_view text);

}  // namespace steward::eval
