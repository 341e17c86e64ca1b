#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "steward/filters/phrases/prefilter.h"
#include "steward/filters/source.h"
#include "steward/text/view.h"

namespace steward::filters {

/// Words and phrases, found as whole words in one view. Between the words of a phrase any few spaces and punctuation may stand; in
/// scripts written without spaces each character counts as a word, so that an entry matches anywhere. Immutable once built.
class PhraseSet {
 public:
  explicit PhraseSet(text::ViewKind view) : view_(view) {}
  /// Adds a phrase, put through the same view as text. False if nothing of it is a word. `id` stands in the match.
  bool add(std::string_view phrase, std::uint32_t id);
  /// Adds the phrase letter by letter, as it is spelled to get by: "p-i-p-e b o m b". Phrases of fewer than four letters, or in scripts
  /// without spaces, are left out.
  void add_spelled(std::string_view phrase, std::uint32_t id);
  text::ViewKind view() const { return view_; }
  std::size_t size() const { return count_; }

 private:
  friend class PhraseCursor;
  struct Node {
    bool goes_on = false;
    std::vector<std::uint32_t> ids;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::uint32_t word(std::string_view text) const;
  std::string viewed(std::string_view phrase) const;
  void add_words(const std::vector<std::string>& words, std::uint32_t id);

  text::ViewKind view_;
  std::size_t count_ = 0;
  std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> words_;
  std::unordered_map<std::uint64_t, std::uint32_t> edges_;  ///< node << 32 | word → node
  std::vector<Node> nodes_{1};
  Prefilter prefilter_;
};

struct PhraseMatch {
  std::uint32_t id = 0;
  text::Span span;               ///< in the view
  std::uint32_t first_word = 0;  ///< index of its first word in the text
  std::uint32_t last_word = 0;
};

/// Reads a text, possibly growing, word by word.
class PhraseCursor {
 public:
  explicit PhraseCursor(const PhraseSet& set) : set_(set) {}
  /// Reads every word that is complete. Appends matches in the order in which they end.
  void advance(const Source& source, std::vector<PhraseMatch>& out);
  /// Position in the view from which a match may still come.
  std::size_t live_from() const;
  std::uint32_t words_read() const { return words_read_; }

 private:
  struct Path {
    std::uint32_t node;
    std::size_t begin;
    std::uint32_t first_word;
  };
  void read_whole(std::string_view text, std::vector<PhraseMatch>& out);
  void take_word(std::string_view word, text::Span span, std::vector<PhraseMatch>& out);

  const PhraseSet& set_;
  std::size_t at_ = 0;        ///< everything before was read
  std::size_t last_end_ = 0;  ///< where the last word ended
  std::uint32_t words_read_ = 0;
  std::vector<Path> paths_;
};

}  // namespace steward::filters
