#pragma once

#include <string_view>

#include "steward/text/view.h"

namespace steward::filters {

/// One view of a text, whole or still growing: what lets scan() and a stream share one scanner.
class Source {
 public:
  Source(const text::Views& views, text::ViewKind kind) : whole_(&views.get(kind)), raw_size_(views.raw().text().size()) {}
  Source(const text::GrowingViews& views, text::ViewKind kind) : growing_(&views), kind_(kind), raw_size_(views.raw().size()) {}

  /// The stable text: it only ever grows.
  std::string_view text() const { return whole_ ? whole_->text() : growing_->text(kind_); }
  /// True if nothing follows text().
  bool finished() const { return whole_ || growing_->finished(); }
  text::Span origin(text::Span derived) const { return whole_ ? whole_->origin(derived) : growing_->origin(kind_, derived); }
  /// Position in the original from which nothing has been judged, if all before `at` in text() has been.
  std::size_t watermark(std::size_t at) const {
    if (at < text().size()) return origin({at, at}).begin;
    return whole_ || finished() ? raw_size_ : growing_->covered(kind_);
  }

 private:
  const text::View* whole_ = nullptr;
  const text::GrowingViews* growing_ = nullptr;
  text::ViewKind kind_ = text::ViewKind::kRaw;
  std::size_t raw_size_;
};

}  // namespace steward::filters
