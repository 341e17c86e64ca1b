#include "steward/eval/metrics/rouge.h"

#include <algorithm>
#include <map>
#include <memory>
#include <vector>

#include <libstemmer.h>

#include "steward/core/check.h"
#include "steward/eval/metrics/lower.h"

namespace steward::eval {
namespace {

using Words = std::vector<std::string>;

void stem(Words& words) {
  const std::unique_ptr<sb_stemmer, decltype(&sb_stemmer_delete)> stemmer(sb_stemmer_new("porter", "UTF_8"), &sb_stemmer_delete);
  STEWARD_CHECK(stemmer);
  for (std::string& word : words) {
    if (word.size() <= 3) continue;
    const sb_symbol* stemmed =
        sb_stemmer_stem(stemmer.get(), reinterpret_cast<const sb_symbol*>(word.data()), static_cast<int>(word.size()));
    STEWARD_CHECK(stemmed);
    word.assign(reinterpret_cast<const char*>(stemmed), static_cast<std::size_t>(sb_stemmer_length(stemmer.get())));
  }
}

Words words_of(std::string_view text, Stemming stemming) {
  Words out;
  bool inside = false;
  for (const char c : lower(text)) {
    const bool is_word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (is_word && !inside) out.emplace_back();
    if (is_word) out.back() += c;
    inside = is_word;
  }
  if (stemming == Stemming::kPorter) stem(out);
  return out;
}

Overlap overlap_of(std::size_t common, std::size_t reference, std::size_t candidate) {
  Overlap out;
  if (candidate > 0) out.precision = static_cast<double>(common) / static_cast<double>(candidate);
  if (reference > 0) out.recall = static_cast<double>(common) / static_cast<double>(reference);
  if (common > 0) out.f = 2 * out.precision * out.recall / (out.precision + out.recall);
  return out;
}

Overlap runs_overlap(const Words& reference, const Words& candidate, std::size_t length) {
  const auto runs_of = [length](const Words& words) {
    std::map<std::string, std::size_t> out;
    for (std::size_t i = 0; i + length <= words.size(); ++i) {
      std::string run;
      for (std::size_t k = i; k < i + length; ++k) (run += words[k]) += ' ';
      ++out[run];
    }
    return out;
  };
  const auto runs = runs_of(reference);
  std::size_t common = 0;
  for (const auto& [run, count] : runs_of(candidate))
    if (const auto found = runs.find(run); found != runs.end()) common += std::min(count, found->second);
  const auto count = [length](const Words& words) { return words.size() < length ? 0 : words.size() - length + 1; };
  return overlap_of(common, count(reference), count(candidate));
}

std::size_t longest_common(const Words& a, const Words& b) {
  std::vector<std::size_t> row(b.size() + 1, 0);
  for (const std::string& word : a) {
    std::size_t diagonal = 0;
    for (std::size_t k = 1; k <= b.size(); ++k) {
      const std::size_t above = row[k];
      row[k] = word == b[k - 1] ? diagonal + 1 : std::max(above, row[k - 1]);
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

Rouge rouge(std::string_view reference, std::string_view candidate, Stemming stemming) {
  const Words expected = words_of(reference, stemming), given = words_of(candidate, stemming);
  return {runs_overlap(expected, given, 1), runs_overlap(expected, given, 2),
          overlap_of(longest_common(expected, given), expected.size(), given.size())};
}

Rouge best_rouge(std::span<const std::string> references, std::string_view candidate, Stemming stemming) {
  Rouge best;
  const auto keep = [](Overlap& kept, const Overlap& other) {
    if (other.f > kept.f) kept = other;
  };
  for (const std::string& reference : references) {
    const Rouge each = rouge(reference, candidate, stemming);
    keep(best.one, each.one);
    keep(best.two, each.two);
    keep(best.longest, each.longest);
  }
  return best;
}

}  // namespace steward::eval
