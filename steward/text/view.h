#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "steward/core/utf8.h"
#include "steward/text/mapped_text.h"

namespace steward::text {

enum class ViewKind : std::uint8_t { kRaw, kFolded, kSkeleton, kDecoded, kRepaired };
std::string_view to_string(ViewKind kind);

/// A text derived from an original, with the way back. Valid UTF-8 in, valid UTF-8 out.
/// `folded`: NFKC case fold (Unicode 15, UAX #15 and DerivedNormalizationProps NFKC_CF, which drops default-ignorable
/// code points). `skeleton`: folded, then UTS #39 confusables, then leet digits inside words. `repaired`: folded, with disguised letters
/// put back where the text shows that they are disguised: what learned models read, who know words and no skeletons.
class View {
 public:
  ViewKind kind() const { return kind_; }
  std::string_view text() const { return mapped_.text(); }
  /// The smallest run of whole characters of the original that gave rise to `derived`.
  /// Bytes that the view dropped belong to the derived character before them.
  Span origin(Span derived) const { return mapped_.origin(derived); }

 private:
  friend View fold(std::string_view utf8);
  friend View skeleton(std::string_view utf8);
  friend class Views;
  ViewKind kind_ = ViewKind::kRaw;
  MappedText mapped_;
};

class Reading;
class GrowingReadings;

View fold(std::string_view utf8);
View skeleton(std::string_view utf8);
/// The texts alone, for patterns and list entries: they are folded by the same code as text.
std::string fold_text(std::string_view utf8);
std::string skeleton_text(std::string_view utf8);

using steward::find_invalid_utf8;
/// Largest n' <= n at which a character of well-formed `utf8` begins (or the end).
std::size_t char_floor(std::string_view utf8, std::size_t n);

/// All views of one whole text, each made when first asked for. Not thread-safe; one per scan.
class Views {
 public:
  explicit Views(std::string_view utf8);  ///< `utf8` must outlive it and be well-formed
  ~Views();
  Views(Views&&) noexcept;
  const View& raw() const;
  const View& folded() const;
  const View& skeleton() const;
  const View& repaired() const;
  const View& get(ViewKind kind) const;
  /// The decoded views (reading.h).
  const std::vector<Reading>& readings() const;
  const std::vector<Reading>& mirrored_readings() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Views of a text that grows at its end, for streams, but for `repaired`, which needs all of it. After each append, the first
/// `stable(kind)` bytes of a view never change again; at `finish()` all of it is stable. The stable text and its offsets equal those of the
/// whole text's view: cutting changes nothing. Amortised O(1) a byte.
class GrowingViews {
 public:
  GrowingViews();
  ~GrowingViews();
  GrowingViews(GrowingViews&&) noexcept;
  void append(std::string_view utf8);  ///< whole characters only
  void finish();
  bool finished() const;
  std::string_view raw() const;  ///< everything appended so far
  /// The view's text so far; only its first stable(kind) bytes are given.
  std::string_view text(ViewKind kind) const;
  std::size_t stable(ViewKind kind) const { return text(kind).size(); }
  /// Position in raw() up to which the stable text covers.
  std::size_t covered(ViewKind kind) const;
  Span origin(ViewKind kind, Span derived) const;
  /// The decoded views (reading.h), of all that was appended so far.
  const GrowingReadings& readings() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace steward::text
