#pragma once

#include <cstddef>
#include <string_view>

namespace steward::filters::pii {

enum class NumberContext { kNone, kPhone, kOther };

/// What the words within 40 bytes before `begin` of a folded text say about a number there: the nearest word that names a phone
/// or another kind of number ("order", "invoice") decides.
NumberContext number_context(std::string_view text, std::size_t begin);

}  // namespace steward::filters::pii
