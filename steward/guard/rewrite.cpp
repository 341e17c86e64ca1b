#include "steward/guard/rewrite.h"

#include <algorithm>
#include <tuple>

namespace steward::guard {
namespace {

bool stricter(const Edit& a, const Edit& b) {
  const auto rank = [](const Edit& edit) { return std::tuple(edit.ruled, edit.severity, edit.span.size()); };
  if (rank(a) != rank(b)) return rank(a) > rank(b);
  return std::tie(a.span.begin, a.replacement) < std::tie(b.span.begin, b.replacement);
}

}  // namespace

std::optional<Edit> edit_of(const RuledFinding& ruled) {
  const Finding& finding = ruled.finding;
  if (ruled.ruling.action != policy::Action::kRewrite || finding.late || finding.span.empty() || !finding.replacement) return std::nullopt;
  return Edit{finding.span, *finding.replacement, !finding.restore, finding.severity};
}

void Edits::add(Edit edit) {
  std::size_t begin = edit.span.begin;
  std::size_t end = edit.span.end;
  auto at = groups_.lower_bound(begin);
  if (at != groups_.begin() && std::prev(at)->second.end > begin) --at;
  while (at != groups_.end() && at->first < end) {
    begin = std::min(begin, at->first);
    end = std::max(end, at->second.end);
    if (stricter(at->second.strictest, edit)) edit = std::move(at->second.strictest);
    at = groups_.erase(at);
  }
  groups_.emplace(begin, Group{end, std::move(edit)});
}

std::size_t Edits::clamp(std::size_t limit) const {
  const auto after = groups_.lower_bound(limit);
  if (after == groups_.begin()) return limit;
  const auto& [begin, group] = *std::prev(after);
  return group.end > limit ? begin : limit;
}

void Edits::apply(std::string_view text, text::Span range, std::string& out) const {
  std::size_t at = range.begin;
  for (auto it = groups_.lower_bound(range.begin); it != groups_.end() && it->second.end <= range.end; ++it) {
    out += text.substr(at, it->first - at);
    out += it->second.strictest.replacement;
    at = it->second.end;
  }
  out += text.substr(at, range.end - at);
}

void Edits::forget_before(std::size_t position) {
  while (!groups_.empty() && groups_.begin()->second.end <= position) groups_.erase(groups_.begin());
}

}  // namespace steward::guard
