#include "steward/model/encoder/piece_trie.h"

#include "steward/model/encoder/characters.h"

namespace steward::model {

PieceTrie::PieceTrie(std::uint32_t roots) : edges_(1024), values_(roots, -1) {}

std::size_t PieceTrie::slot_of(std::uint32_t node, char32_t c) const {
  const std::uint64_t mixed = ((std::uint64_t{node} << 21) ^ c) * 0x9E3779B97F4A7C15u;
  std::size_t at = static_cast<std::size_t>(mixed >> 32) & (edges_.size() - 1);
  while (edges_[at].from != kNowhere && (edges_[at].from != node || edges_[at].c != c)) at = (at + 1) & (edges_.size() - 1);
  return at;
}

void PieceTrie::grow() {
  std::vector<Edge> old(edges_.size() * 2);
  old.swap(edges_);
  for (const Edge& edge : old)
    if (edge.from != kNowhere) edges_[slot_of(edge.from, edge.c)] = edge;
}

void PieceTrie::add(std::uint32_t root, std::string_view piece, std::int32_t value) {
  std::uint32_t node = root;
  for (std::size_t at = 0; at < piece.size();) {
    const Character next = character_at(piece, at);
    if (next.c == kNoCharacter) return;
    at += next.bytes;
    std::size_t slot = slot_of(node, next.c);
    if (edges_[slot].from == kNowhere) {
      if (2 * (used_ + 1) > edges_.size()) {
        grow();
        slot = slot_of(node, next.c);
      }
      edges_[slot] = {node, next.c, static_cast<std::uint32_t>(values_.size())};
      values_.push_back(-1);
      ++used_;
    }
    node = edges_[slot].to;
  }
  if (node != root && values_[node] < 0) values_[node] = value;
}

std::uint32_t PieceTrie::step(std::uint32_t node, char32_t c) const {
  const Edge& edge = edges_[slot_of(node, c)];
  return edge.from == kNowhere ? kNowhere : edge.to;
}

}  // namespace steward::model
