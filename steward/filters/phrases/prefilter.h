#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace steward::filters {

/// Tells quickly where a text may hold any of many phrases: most texts hold none. From each phrase it knows one word, or two that follow
/// each other, by hash. Immutable once built.
class Prefilter {
 public:
  /// Words of a text that a phrase may lie in, by number, and where the first of them begins.
  struct Window {
    std::size_t begin = 0;
    std::uint32_t first = 0, last = 0;
  };

  /// The words of a phrase in order; none is empty.
  void add(const std::vector<std::string>& words);
  /// Every phrase in `text`, read by next_word(), lies in one of the windows, which are in order and do not overlap.
  std::vector<Window> windows(std::string_view text) const;

 private:
  friend class PrefilterScan;
  /// A word or two, and how many words of a phrase stand before and behind the first of them at most.
  struct Key {
    std::uint64_t hash = 0;
    std::uint32_t before = 0, behind = 0;
  };
  void insert(const Key& key);
  const Key* find(std::uint64_t hash) const;
  void mark(std::uint64_t anchor);
  bool is_anchor(std::uint64_t hash) const;

  std::vector<std::uint64_t> anchors_;  ///< hashes of the words that the scan stops at
  std::vector<std::uint64_t> bits_;     ///< Bloom filter of anchors_
  int shift_ = 64;                      ///< a hash shifted right by this is an index into bits_
  std::vector<Key> keys_;               ///< open addressing; hash 0 is free
  std::size_t key_count_ = 0;
  bool is_long_ = false;  ///< a phrase is so long that the whole text must be read
};

}  // namespace steward::filters
