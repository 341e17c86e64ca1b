#include <algorithm>
#include <utility>

#include "steward/filters/injection/concepts.h"

namespace steward::filters {
namespace {

/// Parts of `pattern` between bars that stand outside parentheses.
std::vector<std::string_view> alternatives(std::string_view pattern) {
  std::vector<std::string_view> out;
  std::size_t depth = 0, begin = 0;
  for (std::size_t at = 0; at <= pattern.size(); ++at) {
    if (at == pattern.size() || (pattern[at] == '|' && depth == 0)) {
      out.push_back(pattern.substr(begin, at - begin));
      begin = at + 1;
    } else if (pattern[at] == '(') {
      ++depth;
    } else if (pattern[at] == ')' && depth > 0) {
      --depth;
    }
  }
  return out;
}

void expand_one(std::string_view pattern, std::vector<std::string>& out) {
  const auto open = pattern.find('(');
  const auto close = open == std::string_view::npos ? open : pattern.find(')', open);
  if (close == std::string_view::npos) return out.emplace_back(pattern), void();
  for (const std::string_view choice : alternatives(pattern.substr(open + 1, close - open - 1)))
    expand_one(std::string(pattern.substr(0, open)) + std::string(choice) + std::string(pattern.substr(close + 1)), out);
}

}  // namespace

std::string without_accents(std::string_view phrase) {
  constexpr std::pair<std::string_view, std::string_view> kLetters[] = {
      {"à", "a"},  {"á", "a"}, {"â", "a"}, {"ã", "a"}, {"ä", "a"}, {"ą", "a"}, {"ç", "c"}, {"ć", "c"}, {"è", "e"},
      {"é", "e"},  {"ê", "e"}, {"ę", "e"}, {"ğ", "g"}, {"ì", "i"}, {"í", "i"}, {"î", "i"}, {"ı", "i"}, {"ł", "l"},
      {"ñ", "n"},  {"ń", "n"}, {"ò", "o"}, {"ó", "o"}, {"ô", "o"}, {"õ", "o"}, {"ö", "o"}, {"ś", "s"}, {"ş", "s"},
      {"ß", "ss"}, {"ù", "u"}, {"ú", "u"}, {"û", "u"}, {"ü", "u"}, {"ź", "z"}, {"ż", "z"}};
  std::string out(phrase);
  for (const auto& [accented, plain] : kLetters)
    for (auto at = out.find(accented); at != std::string::npos; at = out.find(accented, at)) out.replace(at, accented.size(), plain);
  return out;
}

std::vector<std::string> expand_phrases(std::string_view pattern) {
  std::vector<std::string> out;
  for (const std::string_view one : alternatives(pattern)) expand_one(one, out);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace steward::filters
