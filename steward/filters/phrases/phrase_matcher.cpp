#include "steward/filters/phrases/phrase_matcher.h"

#include <algorithm>
#include <optional>

#include "steward/text/words.h"

namespace steward::filters {
namespace {

/// More than this between two words, and they are no phrase.
constexpr std::size_t kGapBytesMax = 8;
/// A run of letters longer than this is cut: no entry is that long, and a stream must not wait for its end.
constexpr std::size_t kWordBytesMax = 96;
constexpr std::size_t kSpelledLettersMin = 4;
constexpr std::uint32_t kNoWord = 0xFFFFFFFF;

struct Word {
  text::Span span;  ///< without apostrophes at its ends
  std::size_t end;  ///< where reading goes on
};

bool is_apostrophe(char c) { return c == '\'' || c == '_'; }

/// The next word at or after `at`; nullopt when there is none, or when more text may still lengthen it. `skipped` is then where a word
/// may begin.
std::optional<Word> next_word(std::string_view text, std::size_t at, bool finished, std::size_t& skipped) {
  while (at < text.size()) {
    std::size_t end = at;
    const char32_t first = text::next_char(text, end);
    if (text::is_unspaced_char(first) && text::is_word_char(first)) return Word{{at, end}, end};
    if (!text::is_word_char(first)) {
      at = end;
      continue;
    }
    bool complete = false;
    while (end < text.size()) {
      std::size_t next = end;
      const char32_t c = text::next_char(text, next);
      complete = !text::is_word_char(c) || text::is_unspaced_char(c) || end - at >= kWordBytesMax;
      if (complete) break;
      end = next;
    }
    if (!complete && !finished) {
      skipped = at;
      return std::nullopt;
    }
    text::Span span{at, end};
    while (span.begin < span.end && is_apostrophe(text[span.begin])) ++span.begin;
    while (span.begin < span.end && is_apostrophe(text[span.end - 1])) --span.end;
    if (!span.empty()) return Word{span, end};
    at = end;
  }
  skipped = at;
  return std::nullopt;
}

/// Typographic apostrophes count as plain ones.
std::string plain(std::string_view word) {
  constexpr std::string_view kTypographic = "\xE2\x80\x99";
  std::string out(word);
  for (auto at = out.find(kTypographic); at != std::string::npos; at = out.find(kTypographic, at))
    out.replace(at, kTypographic.size(), "'");
  return out;
}

}  // namespace

std::uint32_t PhraseSet::word(std::string_view text) const {
  const auto found = words_.find(plain(text));
  return found == words_.end() ? kNoWord : found->second;
}

std::string PhraseSet::viewed(std::string_view phrase) const {
  if (view_ == text::ViewKind::kSkeleton) return text::skeleton_text(phrase);
  return view_ == text::ViewKind::kFolded ? text::fold_text(phrase) : std::string(phrase);
}

/// Goes from `node` over `word`, which is made known.
void PhraseSet::step(std::string_view word, std::uint32_t& node) {
  const auto known = words_.emplace(plain(word), static_cast<std::uint32_t>(words_.size())).first->second;
  const auto [next, is_new] = nodes_[node].next.emplace(known, static_cast<std::uint32_t>(nodes_.size()));
  node = next->second;
  if (is_new) nodes_.emplace_back();
}

bool PhraseSet::add(std::string_view phrase, std::uint32_t id) {
  const std::string text = viewed(phrase);
  std::uint32_t node = 0;
  std::size_t at = 0, skipped = 0;
  while (const auto found = next_word(text, at, true, skipped)) {
    step(std::string_view(text).substr(found->span.begin, found->span.size()), node);
    at = found->end;
  }
  if (node == 0) return false;
  nodes_[node].ids.push_back(id);
  ++count_;
  return true;
}

void PhraseSet::add_spelled(std::string_view phrase, std::uint32_t id) {
  const std::string text = viewed(phrase);
  std::vector<std::string_view> letters;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const char32_t c = text::next_char(text, at);
    if (text::is_unspaced_char(c)) return;
    if (text::is_word_char(c) && !is_apostrophe(text[begin])) letters.push_back(std::string_view(text).substr(begin, at - begin));
  }
  if (letters.size() < kSpelledLettersMin) return;
  std::uint32_t node = 0;
  for (const std::string_view letter : letters) step(letter, node);
  nodes_[node].ids.push_back(id);
}

void PhraseCursor::advance(const Source& source, std::vector<PhraseMatch>& out) {
  const std::string_view text = source.text();
  std::size_t skipped = at_;
  while (const auto found = next_word(text, at_, source.finished(), skipped)) {
    take_word(text.substr(found->span.begin, found->span.size()), found->span, out);
    at_ = found->end;
    skipped = at_;
  }
  at_ = skipped;
  if (at_ > last_end_ + kGapBytesMax || source.finished()) paths_.clear();
}

void PhraseCursor::take_word(std::string_view word, text::Span span, std::vector<PhraseMatch>& out) {
  if (span.begin > last_end_ + kGapBytesMax) paths_.clear();
  last_end_ = span.end;
  const std::uint32_t index = words_read_++;
  const std::uint32_t id = set_.word(word);
  if (id == kNoWord) {
    paths_.clear();
    return;
  }
  paths_.push_back({0, span.begin, index});
  std::size_t kept = 0;
  for (const Path& path : paths_) {
    const auto& next = set_.nodes_[path.node].next;
    const auto found = next.find(id);
    if (found == next.end()) continue;
    for (const std::uint32_t entry : set_.nodes_[found->second].ids) out.push_back({entry, {path.begin, span.end}, path.first_word, index});
    if (!set_.nodes_[found->second].next.empty()) paths_[kept++] = {found->second, path.begin, path.first_word};
  }
  paths_.resize(kept);
}

std::size_t PhraseCursor::live_from() const {
  std::size_t from = at_;
  for (const Path& path : paths_) from = std::min(from, path.begin);
  return from;
}

}  // namespace steward::filters
