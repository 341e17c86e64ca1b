#include "steward/filters/lexicon/entries.h"

#include <algorithm>
#include <sstream>

#include <fmt/format.h>

#include "steward/core/files.h"
#include "steward/text/view.h"

namespace steward::filters {
namespace {

Result<void> read_flag(std::string_view flag, const std::string& place, LexiconEntry& entry) {
  if (flag == "inflect") {
    entry.inflect = true;
  } else if (flag.starts_with("severity=")) {
    if (flag.size() != 10 || flag[9] < '0' || flag[9] > '3')
      return fail(ErrorCode::kInvalidInput, place + ": write severity=0 to severity=3");
    entry.severity = flag[9] - '0';
  } else if (flag.starts_with("subtype=")) {
    entry.subtype = flag.substr(8);
  } else if (flag.find('=') != std::string_view::npos) {
    return fail(ErrorCode::kInvalidInput, fmt::format("{}: unknown setting '{}'; known: severity=N, subtype=x", place, flag));
  } else {
    entry.flags.emplace_back(flag);
  }
  return {};
}

bool is_vowel(char c) { return std::string_view("aeiou").find(c) != std::string_view::npos; }

}  // namespace

Result<std::vector<LexiconEntry>> read_entries(const std::string& path) {
  const std::string text = TRY(read_file(path, 64u << 20));
  if (const auto bad = text::find_invalid_utf8(text))
    return fail(ErrorCode::kInvalidInput, fmt::format("{}: not UTF-8 at byte {}", path, *bad));
  std::vector<LexiconEntry> entries;
  std::istringstream in(text);
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (line.empty() || line[0] == '#') continue;
    LexiconEntry entry;
    entry.line = number;
    const auto tab = line.find('\t');
    entry.phrase = line.substr(0, tab);
    if (tab != std::string::npos) {
      std::istringstream flags(line.substr(tab + 1));
      for (std::string flag; flags >> flag;) TRY(read_flag(flag, fmt::format("{}:{}", path, number), entry));
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::vector<std::string> inflections(const std::string& phrase) {
  std::vector<std::string> out{phrase};
  if (phrase.size() < 3) return out;
  const char last = phrase.back();
  const char before = phrase[phrase.size() - 2];
  const std::string stem = last == 'e' ? phrase.substr(0, phrase.size() - 1) : phrase;
  const bool doubles = !is_vowel(last) && is_vowel(before) && !is_vowel(phrase[phrase.size() - 3]) &&
                       std::string_view("wxy").find(last) == std::string_view::npos;
  for (const char* suffix : {"s", "es"}) out.push_back(phrase + suffix);
  for (const char* suffix : {"ed", "ing", "er", "ers"}) {
    out.push_back(stem + suffix);
    if (doubles) out.push_back(phrase + last + suffix);
  }
  return out;
}

}  // namespace steward::filters
