#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "steward/core/result.h"

namespace steward::filters {

/// One line of a list file.
struct LexiconEntry {
  std::string phrase;
  std::vector<std::string> flags;  ///< medical, reclaimed, …: what context rules name
  bool inflect = false;
  int severity = -1;    ///< -1: the list's
  std::string subtype;  ///< empty: the list's
  int line = 0;
};

/// Reads a list: one phrase a line, `#` comments, then, behind a tab, flags separated by spaces: inflect, severity=N, subtype=x, or any
/// name that a context rule may mention. Errors: kInvalidInput with file and line.
Result<std::vector<LexiconEntry>> read_entries(const std::string& path);

/// The phrase and its English inflections (-s -es -ed -ing -er -ers, with e dropped or the last consonant doubled).
std::vector<std::string> inflections(const std::string& phrase);

}  // namespace steward::filters
