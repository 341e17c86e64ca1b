#include "steward/guard/testing/slow_filter.h"

#include <utility>

namespace steward::guard::testing {
namespace {

using Before = std::function<void(std::string_view)>;

class SlowStream final : public FilterStream {
 public:
  SlowStream(std::unique_ptr<FilterStream> inner, const Before& before) : inner_(std::move(inner)), before_(before) {}
  Result<std::size_t> advance(const text::GrowingViews& views, std::vector<Finding>& out) override {
    if (before_) before_(views.raw());
    return inner_->advance(views, out);
  }

 private:
  const std::unique_ptr<FilterStream> inner_;
  const Before& before_;
};

class SlowFilter final : public Filter {
 public:
  SlowFilter(std::unique_ptr<Filter> inner, Before before) : inner_(std::move(inner)), before_(std::move(before)) {}
  const std::string& name() const override { return inner_->name(); }
  const std::string& version() const override { return inner_->version(); }
  bool reads_decoded() const override { return inner_->reads_decoded(); }
  bool slow() const override { return true; }
  Result<void> scan(const text::Views& views, const Scope& scope, std::vector<Finding>& out) const override {
    if (before_) before_(views.raw().text());
    return inner_->scan(views, scope, out);
  }
  std::unique_ptr<FilterStream> open(const Scope& scope) const override {
    return std::make_unique<SlowStream>(inner_->open(scope), before_);
  }

 private:
  const std::unique_ptr<Filter> inner_;
  const Before before_;
};

}  // namespace

std::unique_ptr<Filter> make_slow(std::unique_ptr<Filter> inner, Before before) {
  return std::make_unique<SlowFilter>(std::move(inner), std::move(before));
}

FilterFactory make_all_slow(FilterFactory factory, Before before) {
  return [factory = std::move(factory), before = std::move(before)](
             const policy::FilterSpec& spec, const FilterEnvironment& environment) -> Result<std::unique_ptr<Filter>> {
    return make_slow(TRY(factory(spec, environment)), before);
  };
}

}  // namespace steward::guard::testing
