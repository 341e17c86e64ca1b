#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace steward::filters {

/// Tells quickly that a text holds none of many phrases: most texts hold none. From each phrase it knows one word, or two that follow each
/// other, by hash. Immutable once built.
class Prefilter {
 public:
  /// The words of a phrase in order; none is empty.
  void add(const std::vector<std::string>& words);
  /// False only if `text`, read by next_word(), holds none of the phrases.
  bool may_hold_any(std::string_view text) const;

 private:
  friend class PrefilterScan;
  void insert(std::vector<std::uint64_t>& table, std::size_t& count, std::uint64_t key);
  void mark(std::uint64_t anchor);
  bool is_anchor(std::uint64_t hash) const;

  std::vector<std::uint64_t> anchors_;  ///< hashes of the words that the scan stops at
  std::vector<std::uint64_t> bits_;     ///< Bloom filter of anchors_
  int shift_ = 64;                      ///< a hash shifted right by this is an index into bits_
  std::vector<std::uint64_t> table_;    ///< of single anchors and of pairs, open addressing; 0 is free
  std::size_t table_count_ = 0;
};

}  // namespace steward::filters
