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

/// Derived bytes with their sources. While every character came from one of the same length at the same place, the
/// arrays stay empty.
class MappedText {
 public:
  const std::string& text() const { return text_; }
  /// Appends `bytes`, which came from [begin, end) of the original.
  void put(std::string_view bytes, std::size_t begin, std::size_t end);
  /// Appends bytes that are as long as their sources, character by character.
  void put_same(std::string_view bytes, std::size_t begin);
  /// Lets the last character cover the original up to `end`: what was dropped belongs to the character before it.
  void extend_last(std::size_t end);
  Span origin(Span derived) const;
  /// Source of the whole character at byte `at`.
  Span source_of(std::size_t at, std::size_t length) const;

 private:
  void leave_identity();

  std::string text_;
  bool identity_ = true;
  std::vector<std::uint32_t> begins_, ends_;
};

}  // namespace steward::text
