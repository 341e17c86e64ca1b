#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "steward/core/result.h"

namespace steward::filters {

/// One line of a topic list.
struct TopicEntry {
  std::string phrase;
  std::string section;  ///< strong, fair, weak, none; or of a crisis list (crisis.h)
  double weight = 0;    ///< log-odds that it adds to its topic: the fitted one, else its section's
  int line = 0;
};

/// What each section's entries add when nothing was fitted; 0 for sections of a crisis list, which do not add up.
double section_weight(std::string_view section);

/// Reads a list: `[section]` lines, below each its phrases, one a line, then, behind a tab, a fitted weight; `#` comments.
/// Errors: kInvalidInput with file and line.
Result<std::vector<TopicEntry>> read_topic_entries(const std::string& path, const std::vector<std::string_view>& sections);

/// The phrase as it may be written: without accents, without apostrophes. For phrases so long that no other meaning gets in.
std::vector<std::string> plain_spellings(const std::string& phrase);

/// The phrase with the usual endings of its language at its last word, and what goes before its first (French and Italian: l', d';
/// Arabic: articles and prepositions), each also without accents.
std::vector<std::string> inflected(const std::string& phrase, std::string_view language);

}  // namespace steward::filters
