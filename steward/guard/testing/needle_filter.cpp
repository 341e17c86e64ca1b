#include "steward/guard/testing/needle_filter.h"

namespace steward::guard::testing {

class NeedleStream final : public FilterStream {
 public:
  NeedleStream(const NeedleFilter& filter, const Scope& scope) : filter_(filter), scope_(scope) {}
  Result<std::size_t> advance(const text::GrowingViews& views, std::vector<Finding>& out) override {
    if (!views.finished()) return std::size_t{0};
    TRY(filter_.find(views.raw(), scope_, out));
    return views.raw().size();
  }

 private:
  const NeedleFilter& filter_;
  const Scope& scope_;
};

Result<std::unique_ptr<Filter>> NeedleFilter::make(const policy::FilterSpec& spec, const FilterEnvironment&) {
  TRY(yaml::check_keys(spec.config, {"needle", "category", "subtype", "kind", "reply", "text", "fail", "slow"}, "a needle filter"));
  auto filter = std::make_unique<NeedleFilter>();
  filter->name_ = spec.name;
  for (const auto& [key, value] : spec.config.members) {
    const std::string text = value.scalar;
    if (key.scalar == "needle") filter->needle_ = text;
    if (key.scalar == "category") filter->finding_.category = text;
    if (key.scalar == "subtype") filter->finding_.subtype = text;
    if (key.scalar == "kind") filter->kind_ = text;
    if (key.scalar == "reply") filter->finding_.reply = text;
    if (key.scalar == "text") filter->finding_.replacement = text;
    if (key.scalar == "fail") filter->fails_ = true;
    if (key.scalar == "slow") filter->slow_ = true;
  }
  return filter;
}

Result<void> NeedleFilter::find(std::string_view text, const Scope& scope, std::vector<Finding>& out) const {
  if (fails_) return fail(ErrorCode::kUnavailable, "the needle is lost");
  if (needle_.empty()) return {};
  for (std::size_t at = 0; (at = text.find(needle_, at)) != std::string_view::npos; at += needle_.size()) {
    Finding finding = finding_;
    finding.span = {at, at + needle_.size()};
    if (slow_ && scope.messages)
      finding.evidence = "message " + std::to_string(scope.message) + " of " + std::to_string(scope.messages->size());
    if (!kind_.empty()) finding.replacement = scope.vault ? scope.vault->placeholder(kind_, needle_, needle_) : "[" + kind_ + "]";
    out.push_back(std::move(finding));
  }
  return {};
}

Result<void> NeedleFilter::scan(const text::Views& views, const Scope& scope, std::vector<Finding>& out) const {
  return find(views.raw().text(), scope, out);
}

std::unique_ptr<FilterStream> NeedleFilter::open(const Scope& scope) const { return std::make_unique<NeedleStream>(*this, scope); }

}  // namespace steward::guard::testing
