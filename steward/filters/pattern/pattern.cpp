#include "steward/filters/pattern/pattern.h"

#include <algorithm>

#include <fmt/format.h>
#include <re2/re2.h>

#include "steward/core/hash.h"
#include "steward/filters/source.h"

namespace steward::filters {
namespace {

struct Pattern {
  std::unique_ptr<re2::RE2> regex;
  guard::Finding finding;  ///< without span
  text::ViewKind view = text::ViewKind::kFolded;
  std::size_t bytes_max = 256;
  int group = 0;                                   ///< capture group whose span is reported
  unsigned char first_low = 0, first_high = 0xFF;  ///< a match begins with a byte in this range
};

/// Matches from the left, none overlapping. A position is judged once `bytes_max` bytes behind it, and one more, are known, so that
/// what is found depends on the text alone. RE2 has no streaming mode.
class Scanner {
 public:
  explicit Scanner(const Pattern& pattern) : pattern_(pattern) {}

  std::size_t advance(const Source& source, std::vector<guard::Finding>& out) {
    const std::string_view text = source.text();
    const re2::StringPiece piece(text.data(), text.size());
    std::vector<re2::StringPiece> groups(static_cast<std::size_t>(pattern_.group) + 1);
    while (at_ < text.size()) {
      const auto byte = static_cast<unsigned char>(text[at_]);
      if (byte < pattern_.first_low || byte > pattern_.first_high || (byte & 0xC0) == 0x80) {
        ++at_;
        continue;
      }
      if (!source.finished() && at_ + pattern_.bytes_max >= text.size()) break;
      const std::size_t end = text::char_floor(text, std::min(text.size(), at_ + pattern_.bytes_max));
      const bool matched = pattern_.regex->Match(piece, at_, end, re2::RE2::ANCHOR_START, groups.data(), static_cast<int>(groups.size()));
      if (!matched || groups[0].empty()) {
        ++at_;
        continue;
      }
      const re2::StringPiece& reported =
          groups[static_cast<std::size_t>(pattern_.group)].data() ? groups[static_cast<std::size_t>(pattern_.group)] : groups[0];
      const auto begin = static_cast<std::size_t>(reported.data() - text.data());
      guard::Finding finding = pattern_.finding;
      finding.span = source.origin({begin, begin + reported.size()});
      out.push_back(std::move(finding));
      at_ += groups[0].size();
    }
    return source.watermark(at_);
  }

 private:
  const Pattern& pattern_;
  std::size_t at_ = 0;
};

class PatternStream final : public guard::FilterStream {
 public:
  explicit PatternStream(const std::vector<Pattern>& patterns) {
    for (const Pattern& pattern : patterns) scanners_.emplace_back(&pattern, Scanner(pattern));
  }
  Result<std::size_t> advance(const text::GrowingViews& views, std::vector<guard::Finding>& out) override {
    std::size_t watermark = views.raw().size();
    for (auto& [pattern, scanner] : scanners_) watermark = std::min(watermark, scanner.advance(Source(views, pattern->view), out));
    return watermark;
  }

 private:
  std::vector<std::pair<const Pattern*, Scanner>> scanners_;
};

class PatternFilter final : public guard::Filter {
 public:
  PatternFilter(std::string name, std::string version, std::vector<Pattern> patterns)
      : name_(std::move(name)), version_(std::move(version)), patterns_(std::move(patterns)) {}
  const std::string& name() const override { return name_; }
  const std::string& version() const override { return version_; }
  bool reads_decoded() const override { return true; }
  Result<void> scan(const text::Views& views, const guard::Scope&, std::vector<guard::Finding>& out) const override {
    for (const Pattern& pattern : patterns_) Scanner(pattern).advance(Source(views, pattern.view), out);
    return {};
  }
  std::unique_ptr<guard::FilterStream> open(const guard::Scope&) const override { return std::make_unique<PatternStream>(patterns_); }

 private:
  const std::string name_, version_;
  const std::vector<Pattern> patterns_;
};

Result<Pattern> read_pattern(const yaml::Node& node, const std::string& filter) {
  TRY(yaml::check_keys(node, {"id", "regex", "category", "subtype", "severity", "score", "span", "replace", "view", "max_bytes"},
                       "a pattern"));
  const yaml::Node* id = node.find("id");
  const yaml::Node* regex = node.find("regex");
  const yaml::Node* category = node.find("category");
  if (!id || !regex || !category) return yaml::fail_at(node, "a pattern needs `id`, `regex` and `category`");
  Pattern pattern;
  pattern.finding.filter = filter;
  pattern.finding.evidence = TRY(id->as_string());
  pattern.finding.category = TRY(category->as_string());
  if (const auto* value = node.find("subtype")) pattern.finding.subtype = TRY(value->as_string());
  if (const auto* value = node.find("severity")) pattern.finding.severity = static_cast<int>(TRY(value->as_integer()));
  if (const auto* value = node.find("score")) pattern.finding.score = TRY(value->as_number());
  if (const auto* value = node.find("replace")) pattern.finding.replacement = TRY(value->as_string());
  if (const auto* value = node.find("view")) {
    const std::string view = TRY(value->as_string());
    if (view != "raw" && view != "folded") return yaml::fail_at(*value, "a pattern is matched on the view `raw` or `folded`");
    pattern.view = view == "raw" ? text::ViewKind::kRaw : text::ViewKind::kFolded;
  }
  pattern.finding.view = pattern.view;
  if (const auto* value = node.find("max_bytes")) {
    const auto bytes = TRY(value->as_integer());
    if (bytes < 1 || bytes > 4096) return yaml::fail_at(*value, "max_bytes is from 1 to 4096: text is held that long");
    pattern.bytes_max = static_cast<std::size_t>(bytes);
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_case_sensitive(pattern.view == text::ViewKind::kRaw);
  pattern.regex = std::make_unique<re2::RE2>(TRY(regex->as_string()), options);
  if (!pattern.regex->ok())
    return yaml::fail_at(*regex,
                         fmt::format("the pattern '{}' is no RE2 expression: {}", pattern.finding.evidence, pattern.regex->error()));
  if (const auto* span = node.find("span")) {
    const std::string group = TRY(span->as_string());
    const auto& names = pattern.regex->NamedCapturingGroups();
    const auto found = names.find(group);
    if (found == names.end())
      return yaml::fail_at(*span, fmt::format("the pattern '{}' has no group (?P<{}>…)", pattern.finding.evidence, group));
    pattern.group = found->second;
  }
  std::string low, high;
  if (pattern.view == text::ViewKind::kRaw && pattern.regex->PossibleMatchRange(&low, &high, 4) && !low.empty() && !high.empty()) {
    pattern.first_low = static_cast<unsigned char>(low[0]);
    pattern.first_high = static_cast<unsigned char>(high[0]);
  }
  return pattern;
}

}  // namespace

Result<std::unique_ptr<guard::Filter>> make_pattern(const policy::FilterSpec& spec, const guard::FilterEnvironment&) {
  TRY(yaml::check_keys(spec.config, {"patterns"}, "the config of a pattern filter"));
  std::vector<Pattern> patterns;
  if (const yaml::Node* list = spec.config.find("patterns"))
    for (const yaml::Node& node : list->items) patterns.push_back(TRY(read_pattern(node, spec.name)));
  if (patterns.empty()) return yaml::fail_at(spec.config, "a pattern filter needs `patterns`");
  const std::string version = "pattern-1+" + hex(sha256(json::dump_canonical(yaml::to_json(spec.config)))).substr(0, 12);
  for (Pattern& pattern : patterns) pattern.finding.version = version;
  return std::unique_ptr<guard::Filter>(std::make_unique<PatternFilter>(spec.name, version, std::move(patterns)));
}

}  // namespace steward::filters
