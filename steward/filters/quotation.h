#pragma once

#include <cstddef>
#include <string_view>

namespace steward::filters {

/// How far from a word its quotation marks are looked for.
inline constexpr std::size_t kQuotationBytesMax = 120;

/// True if what stands at `at` is quoted: a quotation mark of the same sentence is still open. A mark that opens a JSON string quotes
/// nothing.
bool is_quoted(std::string_view text, std::size_t at);

/// True if a quotation mark closes behind `at`, in reach.
bool closes_quotation(std::string_view text, std::size_t at);

}  // namespace steward::filters
