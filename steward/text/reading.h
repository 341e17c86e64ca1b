#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "steward/text/mapped_text.h"
#include "steward/text/view.h"

namespace steward::text {

/// Encodings within encodings are undone this deep.
inline constexpr int kReadingDepthMax = 3;
/// Bytes of all readings of one text together; what is beyond is not read.
inline constexpr std::size_t kReadingBytesMax = std::size_t{256} << 10;

/// A text, or part of one, in another form, decoded: what detectors read beside the text itself (the decoded view).
class Reading {
 public:
  Reading(std::string how, MappedText text);
  ~Reading();
  Reading(Reading&&) noexcept;
  /// "escapes", "base64", "base64>rot13" …
  const std::string& how() const;
  const Views& views() const;
  /// In the original text. An encoded run is one piece: part of it cannot be told from the rest.
  Span origin(Span derived) const;

 private:
  struct State;
  std::unique_ptr<State> state_;  // the views point into the text
};

/// Readings of a whole text: escapes within it undone (Unescaper), encoded runs (RunReader), and what they hold in turn.
std::vector<Reading> readings_of(std::string_view utf8);
/// ROT13 and the text backwards, where English then shows up, or hardly did before. For whole texts only: a stream would have to wait for
/// its end.
std::vector<Reading> mirrored_readings_of(std::string_view utf8);

/// Readings of a text that grows at its end: the same as of the whole text, however it was cut.
class GrowingReadings {
 public:
  GrowingReadings();
  ~GrowingReadings();
  /// `raw` begins with the text of the call before.
  void advance(std::string_view raw, bool finished);
  /// The text with its escapes undone, or null while there were none.
  const GrowingViews* unescaped() const;
  Span unescaped_origin(Span derived) const;
  /// Position in raw up to which unescaped() covers it; what follows may be the beginning of an escape.
  std::size_t unescaped_from() const;
  /// Encoded runs found so far, and what they hold in turn.
  const std::vector<Reading>& runs() const;
  /// Position in raw before which no later run begins.
  std::size_t runs_from() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace steward::text
