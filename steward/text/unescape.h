#pragma once

#include <string_view>

#include "steward/text/mapped_text.h"

namespace steward::text {

/// Undoes what is written inside a text in another form, place by place: HTML entities (&#104; &lt;), percent-encoding (%68), \u0068 and
/// \x68, Unicode tags (U+E0020 to U+E007E), payloads in variation selectors (bytes 0 to 255, as in "emoji smuggling"), combining marks
/// stacked on letters, and letters spaced apart ("b a d", "j.a.n.e"). Most texts hold none of it and come out as they are.
///
/// Works on a text that grows at its end; each step is decided by text that no continuation changes.
class Unescaper {
 public:
  /// `raw` begins with the text of the call before. `finished`: nothing follows.
  void advance(std::string_view raw, bool finished);
  /// Stable: it only ever grows.
  const MappedText& out() const { return out_; }
  /// Position in raw up to which out() covers. What follows may be the beginning of an escape.
  std::size_t consumed() const { return at_; }
  /// True once out() differs from raw.
  bool changed() const { return changed_; }

 private:
  struct Step;
  std::size_t skip_plain(std::string_view raw) const;
  Step read(std::string_view raw, bool finished) const;

  MappedText out_;
  std::size_t at_ = 0;
  bool changed_ = false;
};

}  // namespace steward::text
