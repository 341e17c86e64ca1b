#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace steward::text {

/// Half-open range of bytes.
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t size() const { return end - begin; }
  bool empty() const { return begin >= end; }
  friend bool operator==(const Span&, const Span&) = default;
  friend auto operator<=>(const Span&, const Span&) = default;
};

/// Derived bytes with their sources, kept as pieces: most of most texts is one piece whose characters are as long as their sources.
class MappedText {
 public:
  const std::string& text() const { return text_; }
  void reserve(std::size_t bytes) { text_.reserve(bytes); }
  /// Appends `bytes`, which came from [begin, end) of the original.
  void put(std::string_view bytes, std::size_t begin, std::size_t end);
  /// Appends bytes that are as long as their sources, character by character.
  void put_same(std::string_view bytes, std::size_t begin);
  /// Puts the capitals of ASCII from `at` on into lower case.
  void lower(std::size_t at);
  /// Appends bytes that are as long, character by character, as those of `source` from `at` on, and come from where those come from.
  void put_like(std::string_view bytes, const MappedText& source, std::size_t at);
  /// Lets the last character cover the original up to `end`: what was dropped belongs to the character before it.
  void extend_last(std::size_t end);
  Span origin(Span derived) const;
  /// Source of the whole character at byte `at`.
  Span source_of(std::size_t at, std::size_t length) const { return origin({at, at + length}); }

 private:
  /// Text from `at` to the next piece.
  struct Piece {
    std::uint32_t at;
    std::uint32_t begin;  ///< in the original
    std::uint32_t end;    ///< all of it came from [begin, end); kSame: its characters came one by one from `begin` on
  };
  static constexpr std::uint32_t kSame = 0xFFFFFFFF;

  void continue_same(std::size_t begin);
  std::size_t piece_at(std::size_t at) const;
  std::size_t end_of(std::size_t piece) const { return piece + 1 < pieces_.size() ? pieces_[piece + 1].at : text_.size(); }

  std::string text_;
  std::vector<Piece> pieces_;
};

}  // namespace steward::text
