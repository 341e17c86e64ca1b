#pragma once

#include <string>
#include <string_view>

#include "steward/core/result.h"

namespace steward {

Result<std::string> read_file(const std::string& path, std::size_t bytes_max = std::size_t{1} << 31);
/// Writes beside `path`, syncs, renames, syncs the folder: readers see the old bytes or the
/// new ones, never half. `mode` is the file's permission bits.
Result<void> write_file_atomic(const std::string& path, std::string_view bytes, unsigned mode = 0644);

}  // namespace steward
