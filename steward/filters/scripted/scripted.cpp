#include "steward/filters/scripted/scripted.h"

#include <algorithm>

#include "steward/filters/scripted/script.h"
#include "steward/guard/lap_timer.h"

namespace steward::filters {
namespace {

using guard::Finding;

void burn(std::chrono::microseconds delay) {
  if (delay.count() == 0) return;
  const std::int64_t until = guard::thread_cpu_ns() + std::chrono::nanoseconds(delay).count();
  while (guard::thread_cpu_ns() < until) {
  }
}

/// Where matching stands in one view's text.
struct Matcher {
  const Script& script;
  std::size_t at = 0;  ///< every start before it has been decided

  /// Decides the starts of `text`, calling found(rule, span), up to the first from which a rule may still match when
  /// more text comes.
  template <class Found>
  void run(std::string_view text, bool whole, const Found& found) {
    for (; at < text.size(); ++at) {
      const std::string_view rest = text.substr(at);
      const auto may_grow = [&](const ScriptRule& rule) { return rule.literal.size() > rest.size() && rule.literal.starts_with(rest); };
      if (!whole && std::any_of(script.rules.begin(), script.rules.end(), may_grow)) return;
      for (const ScriptRule& rule : script.rules)
        if (rest.starts_with(rule.literal)) found(rule, text::Span{at, at + rule.literal.size()});
    }
  }
};

class ScriptedStream final : public guard::FilterStream {
 public:
  explicit ScriptedStream(const Script& script) : script_(script), matcher_{script} {}

  Result<std::size_t> advance(const text::GrowingViews& views, std::vector<Finding>& out) override {
    burn(script_.delay);
    if (script_.fails == Fails::kStream && views.raw().size() > script_.fail_after_bytes)
      return fail(ErrorCode::kUnavailable, "scripted to fail on streams");
    const bool whole = views.finished();
    if (script_.holds_all && !whole) return 0;
    std::string_view text = views.text(script_.view);
    const std::size_t stable = text.size();
    if (!whole) text = text.substr(0, text::char_floor(text, stable - std::min(stable, script_.lag_bytes)));
    matcher_.run(text, whole, [&](const ScriptRule& rule, text::Span derived) {
      out.push_back(script_.finding(rule, views.origin(script_.view, derived)));
    });
    if (whole) return views.raw().size();
    const std::size_t decided =
        matcher_.at < stable ? views.origin(script_.view, {matcher_.at, matcher_.at + 1}).begin : views.covered(script_.view);
    watermark_ = std::max(watermark_, decided);
    return watermark_;
  }

 private:
  const Script& script_;
  Matcher matcher_;
  std::size_t watermark_ = 0;
};

class ScriptedFilter final : public guard::Filter {
 public:
  explicit ScriptedFilter(Script script) : script_(std::move(script)) {}
  const std::string& name() const override { return script_.name; }
  const std::string& version() const override { return script_.version; }

  Result<void> scan(const text::Views& views, const guard::Scope&, std::vector<Finding>& out) const override {
    burn(script_.delay);
    if (script_.fails == Fails::kScan) return fail(ErrorCode::kUnavailable, "scripted to fail on scans");
    const text::View& view = views.get(script_.view);
    Matcher{script_}.run(view.text(), true,
                         [&](const ScriptRule& rule, text::Span derived) { out.push_back(script_.finding(rule, view.origin(derived))); });
    return {};
  }

  std::unique_ptr<guard::FilterStream> open(const guard::Scope&) const override { return std::make_unique<ScriptedStream>(script_); }

 private:
  const Script script_;
};

}  // namespace

Result<std::unique_ptr<guard::Filter>> make_scripted(const policy::FilterSpec& spec, const guard::FilterEnvironment&) {
  Script script = TRY(read_script(spec.config));
  script.name = spec.name;
  return std::make_unique<ScriptedFilter>(std::move(script));
}

}  // namespace steward::filters
