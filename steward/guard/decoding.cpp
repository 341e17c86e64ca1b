#include "steward/guard/decoding.h"

#include <algorithm>
#include <utility>

#include "steward/text/reading.h"

namespace steward::guard {
namespace {

/// Moves what was found in a reading to `out`, as of the original.
template <class Origin>
void take(std::vector<Finding>& found, std::string_view how, Origin origin, std::vector<Finding>& out) {
  for (Finding& finding : found) {
    if (finding.restore) continue;  // a placeholder that is spelled out is none
    finding.span = origin(finding.span);
    finding.view = text::ViewKind::kDecoded;
    finding.evidence = std::string(how) + ":" + finding.evidence;
    out.push_back(std::move(finding));
  }
  found.clear();
}

/// Drops findings whose text no escape touched: they are found in the text itself.
void drop_untouched(std::string_view raw, std::string_view unescaped, const auto& origin, std::vector<Finding>& found) {
  std::erase_if(found, [&](const Finding& finding) {
    const text::Span span = origin(finding.span);
    return raw.substr(span.begin, span.size()) == unescaped.substr(finding.span.begin, finding.span.size());
  });
}

class DecodingStream final : public FilterStream {
 public:
  DecodingStream(const Filter& inner, const Scope& scope) : inner_(inner), scope_(scope), plain_(inner.open(scope)) {}

  Result<std::size_t> advance(const text::GrowingViews& views, std::vector<Finding>& out) override {
    const std::size_t plain = TRY(plain_->advance(views, out));
    const text::GrowingReadings& readings = views.readings();
    TRY(read_runs(readings, out));
    std::size_t watermark = std::min(plain, readings.runs_from());
    if (const text::GrowingViews* unescaped = readings.unescaped()) {
      watermark = std::min(watermark, TRY(advance_unescaped(*unescaped, views, out)));
    } else if (readings.unescaped_from() < views.raw().size()) {
      // What goes on behind the escape is not known yet, so that a phrase that the plain text has ended may still grow.
      return low_;
    }
    return low_ = std::max(low_, watermark);
  }

 private:
  Result<void> read_runs(const text::GrowingReadings& readings, std::vector<Finding>& out) {
    std::vector<Finding> found;
    for (; runs_seen_ < readings.runs().size(); ++runs_seen_) {
      const text::Reading& reading = readings.runs()[runs_seen_];
      TRY(inner_.scan(reading.views(), scope_, found));
      take(found, reading.how(), [&](text::Span span) { return reading.origin(span); }, out);
    }
    return {};
  }

  Result<std::size_t> advance_unescaped(const text::GrowingViews& unescaped, const text::GrowingViews& views, std::vector<Finding>& out) {
    if (!unescaped_) unescaped_ = inner_.open(scope_);
    const text::GrowingReadings& readings = views.readings();
    const auto origin = [&](text::Span span) { return readings.unescaped_origin(span); };
    std::vector<Finding> found;
    const std::size_t at = TRY(unescaped_->advance(unescaped, found));
    drop_untouched(views.raw(), unescaped.raw(), origin, found);
    take(found, "escapes", origin, out);
    return at < unescaped.raw().size() ? origin({at, at}).begin : readings.unescaped_from();
  }

  const Filter& inner_;
  const Scope& scope_;
  std::unique_ptr<FilterStream> plain_;
  std::unique_ptr<FilterStream> unescaped_;  ///< null while there are no escapes
  std::size_t runs_seen_ = 0;
  std::size_t low_ = 0;
};

class DecodingFilter final : public Filter {
 public:
  explicit DecodingFilter(std::unique_ptr<Filter> inner) : inner_(std::move(inner)) {}
  const std::string& name() const override { return inner_->name(); }
  const std::string& version() const override { return inner_->version(); }
  bool slow() const override { return inner_->slow(); }

  Result<void> scan(const text::Views& views, const Scope& scope, std::vector<Finding>& out) const override {
    TRY(inner_->scan(views, scope, out));
    TRY(scan_readings(views, views.readings(), scope, out));
    if (scope.direction == policy::Direction::kInput && inner_->reads_mirrored())
      TRY(scan_readings(views, views.mirrored_readings(), scope, out));
    return {};
  }

  std::unique_ptr<FilterStream> open(const Scope& scope) const override { return std::make_unique<DecodingStream>(*inner_, scope); }

 private:
  Result<void> scan_readings(const text::Views& views, const std::vector<text::Reading>& readings, const Scope& scope,
                             std::vector<Finding>& out) const {
    std::vector<Finding> found;
    for (const text::Reading& reading : readings) {
      TRY(inner_->scan(reading.views(), scope, found));
      const auto origin = [&](text::Span span) { return reading.origin(span); };
      if (reading.how() == "escapes") drop_untouched(views.raw().text(), reading.views().raw().text(), origin, found);
      take(found, reading.how(), origin, out);
    }
    return {};
  }

  const std::unique_ptr<Filter> inner_;
};

}  // namespace

std::unique_ptr<Filter> with_decoded_views(std::unique_ptr<Filter> inner) { return std::make_unique<DecodingFilter>(std::move(inner)); }

}  // namespace steward::guard
