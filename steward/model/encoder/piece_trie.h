#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace steward::model {

/// Pieces of a vocabulary by their characters: a walk stops as soon as no piece goes on.
class PieceTrie {
 public:
  static constexpr std::uint32_t kNowhere = 0xFFFFFFFF;

  /// roots: nodes 0 to roots - 1 are begins.
  explicit PieceTrie(std::uint32_t roots = 1);
  /// value: not negative. The first of equal pieces stays; what is no UTF-8 is left out.
  void add(std::uint32_t root, std::string_view piece, std::int32_t value);
  /// The node that `c` leads to, or kNowhere.
  std::uint32_t step(std::uint32_t node, char32_t c) const;
  /// Of the piece that ends in `node`, or -1.
  std::int32_t value(std::uint32_t node) const { return values_[node]; }

 private:
  struct Edge {
    std::uint32_t from = kNowhere;
    char32_t c = 0;
    std::uint32_t to = 0;
  };
  std::size_t slot_of(std::uint32_t node, char32_t c) const;
  void grow();

  std::vector<Edge> edges_;  // open addressing; a power of two, at most half full
  std::size_t used_ = 0;
  std::vector<std::int32_t> values_;  // of each node
};

}  // namespace steward::model
