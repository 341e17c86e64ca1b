#include "steward/eval/metrics/squad.h"

#include <algorithm>
#include <map>
#include <vector>

#include <unicode/uchar.h>

#include "steward/eval/metrics/lower.h"
#include "steward/text/words.h"

namespace steward::eval {
namespace {

bool is_ascii_punctuation(char32_t c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

/// What Python's \w takes.
bool is_word(char32_t c) { return u_isalnum(static_cast<UChar32>(c)) || c == '_' || u_charType(static_cast<UChar32>(c)) == U_OTHER_NUMBER; }

/// Blanks out the articles that stand as whole words.
std::string without_articles(const std::string& text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    if (!is_word(text::next_char(text, at))) {
      out.append(text, begin, at - begin);
      continue;
    }
    std::size_t end = at;
    while (end < text.size() && is_word(text::next_char(text, end))) at = end;
    const std::string_view word = std::string_view(text).substr(begin, at - begin);
    out += word == "a" || word == "an" || word == "the" ? std::string_view(" ") : word;
  }
  return out;
}

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> out;
  bool inside = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const char32_t c = text::next_char(text, at);
    const bool blank = u_isUWhiteSpace(static_cast<UChar32>(c)) || (c >= 0x1c && c <= 0x1f);
    if (!blank && !inside) out.emplace_back();
    if (!blank) out.back().append(text, begin, at - begin);
    inside = !blank;
  }
  return out;
}

std::vector<std::string> normalized_words(std::string_view answer) {
  std::string text;
  for (const char c : lower(answer))
    if (!is_ascii_punctuation(static_cast<unsigned char>(c))) text += c;
  return words_of(without_articles(text));
}

double f1_of(const std::vector<std::string>& right, const std::vector<std::string>& given) {
  if (right.empty() || given.empty()) return right == given ? 1 : 0;
  std::map<std::string_view, std::size_t> left;
  for (const std::string& word : right) ++left[word];
  std::size_t common = 0;
  for (const std::string& word : given)
    if (auto found = left.find(word); found != left.end() && found->second > 0) {
      --found->second;
      ++common;
    }
  return 2.0 * static_cast<double>(common) / static_cast<double>(right.size() + given.size());
}

}  // namespace

std::string normalize_answer(std::string_view answer) {
  std::string out;
  for (const std::string& word : normalized_words(answer)) (out += out.empty() ? "" : " ") += word;
  return out;
}

AnswerScore score_answer(std::span<const std::string> answers, std::string_view given) {
  const auto given_words = normalized_words(given);
  AnswerScore best;
  if (answers.empty()) {
    best.exact = best.f1 = given_words.empty() ? 1 : 0;
    return best;
  }
  for (const std::string& answer : answers) {
    const auto right = normalized_words(answer);
    best.exact = std::max(best.exact, right == given_words ? 1.0 : 0.0);
    best.f1 = std::max(best.f1, f1_of(right, given_words));
  }
  return best;
}

std::optional<std::size_t> label_named(std::string_view answer, std::span<const std::string> labels) {
  std::vector<std::string> names;
  for (const std::string& label : labels) names.push_back(normalize_answer(label));
  for (const std::string& word : normalized_words(answer))
    if (const auto found = std::find(names.begin(), names.end(), word); found != names.end())
      return static_cast<std::size_t>(found - names.begin());
  return std::nullopt;
}

}  // namespace steward::eval
