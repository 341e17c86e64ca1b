#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "steward/guard/finding.h"
#include "steward/text/view.h"

namespace steward::guard {

/// One replacement in an original text.
struct Edit {
  text::Span span;
  std::string replacement;
  bool ruled = true;  ///< false: a placeholder that is restored; it gives way to any ruled rewrite
  int severity = 0;
};

/// The edit that `ruled` asks for; nullopt if its action is not rewrite, it came too late or its span is empty.
std::optional<Edit> edit_of(const RuledFinding& ruled);

/// Replacements that do not overlap. Those that overlap when added are merged: the union of their spans, with the
/// replacement of the strictest (ruled before restored, higher severity, longer span, earlier begin). The order of
/// adding does not matter.
class Edits {
 public:
  void add(Edit edit);
  /// The largest position <= `limit` that lies inside no edit.
  std::size_t clamp(std::size_t limit) const;
  /// Appends `text` of `range` with its edits. No edit crosses a border of `range`.
  void apply(std::string_view text, text::Span range, std::string& out) const;
  /// Forgets the edits that end at or before `position`.
  void forget_before(std::size_t position);
  std::size_t size() const { return groups_.size(); }

 private:
  struct Group {
    std::size_t end = 0;
    Edit strictest;
  };
  std::map<std::size_t, Group> groups_;  ///< by begin of the union
};

}  // namespace steward::guard
