#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "steward/core/result.h"

namespace steward {

/// Lines of a file under zstd (RFC 8878), ended by "\n" only: JSONL may hold U+2028. Errors: kNotFound; kInvalidInput if it is not zstd or
/// is cut short; kTooLarge above 1 GiB.
Result<std::vector<std::string>> read_packed_lines(const std::string& path);
/// A whole file, unpacked if it begins as zstd does. Errors: as above.
Result<std::string> read_maybe_packed(const std::string& path);
/// Writes them so; the same lines always give the same bytes.
Result<void> write_packed_lines(const std::string& path, const std::vector<std::string>& lines);

}  // namespace steward
