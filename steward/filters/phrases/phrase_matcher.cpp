#include "steward/filters/phrases/phrase_matcher.h"

#include <algorithm>

#include "steward/filters/phrases/word_reader.h"
#include "steward/text/words.h"

namespace steward::filters {
namespace {

/// More than this between two words, and they are no phrase.
constexpr std::size_t kGapBytesMax = 8;
constexpr std::size_t kSpelledLettersMin = 4;
constexpr std::uint32_t kNoWord = 0xFFFFFFFF;

bool is_apostrophe(char c) { return c == '\'' || c == '_'; }

}  // namespace

std::uint32_t PhraseSet::word(std::string_view text) const {
  const auto found = has_typographic_apostrophe(text) ? words_.find(plain_word(text)) : words_.find(text);
  return found == words_.end() ? kNoWord : found->second;
}

std::string PhraseSet::viewed(std::string_view phrase) const {
  if (view_ == text::ViewKind::kSkeleton) return text::skeleton_text(phrase);
  return view_ == text::ViewKind::kFolded ? text::fold_text(phrase) : std::string(phrase);
}

void PhraseSet::add_words(const std::vector<std::string>& words, std::uint32_t id) {
  std::uint32_t node = 0;
  for (const std::string& word : words) {
    const auto known = words_.emplace(word, static_cast<std::uint32_t>(words_.size())).first->second;
    nodes_[node].goes_on = true;
    const auto [next, is_new] = edges_.emplace(std::uint64_t{node} << 32 | known, static_cast<std::uint32_t>(nodes_.size()));
    node = next->second;
    if (is_new) nodes_.emplace_back();
  }
  nodes_[node].ids.push_back(id);
  prefilter_.add(words);
}

bool PhraseSet::add(std::string_view phrase, std::uint32_t id) {
  const std::string text = viewed(phrase);
  std::vector<std::string> words;
  std::size_t at = 0, skipped = 0;
  while (const auto found = next_word(text, at, true, skipped)) {
    words.push_back(plain_word(std::string_view(text).substr(found->span.begin, found->span.size())));
    at = found->end;
  }
  if (words.empty()) return false;
  add_words(words, id);
  ++count_;
  return true;
}

void PhraseSet::add_spelled(std::string_view phrase, std::uint32_t id) {
  const std::string text = viewed(phrase);
  std::vector<std::string> letters;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const char32_t c = text::next_char(text, at);
    if (text::is_unspaced_char(c)) return;
    if (text::is_word_char(c) && !is_apostrophe(text[begin])) letters.push_back(text.substr(begin, at - begin));
  }
  if (letters.size() >= kSpelledLettersMin) add_words(letters, id);
}

void PhraseCursor::advance(const Source& source, std::vector<PhraseMatch>& out) {
  const std::string_view text = source.text();
  if (at_ == 0 && source.finished()) return read_whole(text, out);
  std::size_t skipped = at_;
  while (const auto found = next_word(text, at_, source.finished(), skipped)) {
    take_word(text.substr(found->span.begin, found->span.size()), found->span, out);
    at_ = found->end;
    skipped = at_;
  }
  at_ = skipped;
  if (at_ > last_end_ + kGapBytesMax || source.finished()) paths_.clear();
}

void PhraseCursor::read_whole(std::string_view text, std::vector<PhraseMatch>& out) {
  for (const Prefilter::Window& window : set_.prefilter_.windows(text)) {
    paths_.clear();
    at_ = window.begin;
    words_read_ = window.first;
    std::size_t skipped = at_;
    while (words_read_ <= window.last) {
      const auto found = next_word(text, at_, true, skipped);
      if (!found) break;
      take_word(text.substr(found->span.begin, found->span.size()), found->span, out);
      at_ = found->end;
    }
  }
  paths_.clear();
  at_ = text.size();
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
    const auto found = set_.edges_.find(std::uint64_t{path.node} << 32 | id);
    if (found == set_.edges_.end()) continue;
    for (const std::uint32_t entry : set_.nodes_[found->second].ids) out.push_back({entry, {path.begin, span.end}, path.first_word, index});
    if (set_.nodes_[found->second].goes_on) paths_[kept++] = {found->second, path.begin, path.first_word};
  }
  paths_.resize(kept);
}

std::size_t PhraseCursor::live_from() const {
  std::size_t from = at_;
  for (const Path& path : paths_) from = std::min(from, path.begin);
  return from;
}

}  // namespace steward::filters
