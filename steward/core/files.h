#pragma once

#include <string>
#include <string_view>

#include "steward/core/result.h"

namespace steward {

Result<std::string> read_file(const std::string& path, std::size_t bytes_max = std::size_t{1} << 31);
/// Writes beside `path`, syncs, renames, syncs the folder: readers see the old bytes or the
/// new ones, never half. `mode` is the file's permission bits.
Result<void> write_file_atomic(const std::string& path, std::string_view bytes, unsigned mode = 0644);

/// The key that stands in the environment variable `env`, or else in `file`; "" if both names are empty. White space at its end is not
/// part of it. Errors: kInvalidInput if the variable is not set, or the key is not one line of text; as read_file().
Result<std::string> read_key(const std::string& env, const std::string& file);

}  // namespace steward
