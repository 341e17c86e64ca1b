#include "steward/filters/pii/pii.h"

#include <algorithm>
#include <utility>

#include "steward/filters/pii/phone_plan.h"
#include "steward/filters/pii/recogniser.h"
#include "steward/filters/pii/scanner.h"

namespace steward::filters {
namespace {

using guard::Finding;
using guard::Scope;
using policy::Direction;

/// What all scans share. Input and output differ in whether placeholders are looked for.
struct Settings {
  std::string name;
  std::string version;
  std::string category;
  pii::Options options;
  pii::Triggers input;
  pii::Triggers output;

  const pii::Triggers& triggers(const Scope& scope) const {
    return scope.direction == Direction::kOutput && scope.vault != nullptr ? output : input;
  }
};

std::string bare_placeholder(std::string_view kind) { return "[" + std::string(kind) + "]"; }

/// The folded text composes characters, so that two hits side by side may share one of the original: it belongs to the first.
text::Span behind(std::size_t taken, text::Span span) { return {std::max(span.begin, taken), std::max(span.end, taken)}; }

/// The finding for `hit`, or nullopt: nothing of it is left, an unknown placeholder stays, and so does a value that the principal gave
/// before.
std::optional<Finding> finding_of(const Settings& settings, const Scope& scope, const pii::Hit& hit, text::Span span,
                                  std::string_view raw) {
  const pii::Recogniser& recogniser = *hit.recogniser;
  if (span.size() == 0) return std::nullopt;
  Finding finding;
  if (&recogniser == &pii::kPlaceholder) {
    finding.replacement = scope.vault->restore(hit.match.canonical);
    if (!finding.replacement) return std::nullopt;
    finding.restore = true;
    finding.severity = 0;
  } else if (scope.vault == nullptr) {
    finding.replacement = bare_placeholder(recogniser.kind);
  } else if (scope.direction == Direction::kOutput) {
    if (scope.vault->knows(recogniser.kind, hit.match.canonical)) return std::nullopt;
    finding.replacement = bare_placeholder(recogniser.kind);
  } else {
    finding.replacement = scope.vault->placeholder(recogniser.kind, hit.match.canonical, raw.substr(span.begin, span.size()));
  }
  finding.category = settings.category;
  finding.subtype = recogniser.subtype;
  finding.span = span;
  finding.evidence = recogniser.evidence;
  finding.filter = settings.name;
  finding.version = settings.version;
  finding.view = text::ViewKind::kFolded;
  return finding;
}

class PiiStream final : public guard::FilterStream {
 public:
  PiiStream(const Settings& settings, const Scope& scope)
      : settings_(&settings), scope_(&scope), scanner_(settings.triggers(scope), settings.options) {}

  Result<std::size_t> advance(const text::GrowingViews& views, std::vector<Finding>& out) override {
    constexpr auto kFolded = text::ViewKind::kFolded;
    const std::string_view text = views.text(kFolded);
    std::vector<pii::Hit> hits;
    const std::size_t below = scanner_.advance(text, views.finished(), hits);
    for (const pii::Hit& hit : hits) {
      const text::Span span = behind(taken_, views.origin(kFolded, hit.match.span));
      taken_ = span.end;
      auto finding = finding_of(*settings_, *scope_, hit, span, views.raw());
      if (finding) out.push_back(std::move(*finding));
    }
    if (views.finished()) return views.raw().size();
    return below < text.size() ? views.origin(kFolded, {below, below + 1}).begin : views.covered(kFolded);
  }

 private:
  const Settings* settings_;
  const Scope* scope_;
  pii::Scanner scanner_;
  std::size_t taken_ = 0;  ///< end of the last hit, in the original
};

class PiiFilter final : public guard::Filter {
 public:
  explicit PiiFilter(Settings settings) : settings_(std::move(settings)) {}
  const std::string& name() const override { return settings_.name; }
  const std::string& version() const override { return settings_.version; }
  bool reads_decoded() const override { return true; }

  Result<void> scan(const text::Views& views, const Scope& scope, std::vector<Finding>& out) const override {
    const text::View& folded = views.folded();
    std::vector<pii::Hit> hits;
    pii::Scanner(settings_.triggers(scope), settings_.options).advance(folded.text(), true, hits);
    std::size_t taken = 0;
    for (const pii::Hit& hit : hits) {
      const text::Span span = behind(taken, folded.origin(hit.match.span));
      taken = span.end;
      auto finding = finding_of(settings_, scope, hit, span, views.raw().text());
      if (finding) out.push_back(std::move(*finding));
    }
    return {};
  }

  std::unique_ptr<guard::FilterStream> open(const Scope& scope) const override { return std::make_unique<PiiStream>(settings_, scope); }

 private:
  Settings settings_;
};

Result<std::vector<const pii::Recogniser*>> read_types(const yaml::Node& config) {
  const auto all = pii::recognisers();
  const yaml::Node* node = config.find("types");
  if (node == nullptr) return std::vector<const pii::Recogniser*>(all.begin(), all.end());
  std::vector<std::string> names = TRY(node->as_strings());
  std::string known;
  for (const pii::Recogniser* recogniser : all) known += (known.empty() ? "" : ", ") + std::string(recogniser->subtype);
  for (const std::string& name : names) {
    if (std::none_of(all.begin(), all.end(), [&](const pii::Recogniser* r) { return r->subtype == name; }))
      return yaml::fail_at(*node, "unknown type of personal data; write some of " + known);
  }
  std::vector<const pii::Recogniser*> types;  // in the table's order, whatever the file's
  for (const pii::Recogniser* recogniser : all) {
    if (std::find(names.begin(), names.end(), recogniser->subtype) != names.end()) types.push_back(recogniser);
  }
  if (types.empty()) return yaml::fail_at(*node, "types is empty; leave it out for all of " + known);
  return types;
}

Result<pii::Options> read_options(const yaml::Node& config) {
  pii::Options options;
  const yaml::Node* node = config.find("regions");
  if (node == nullptr) return options;
  for (const std::string& name : TRY(node->as_strings())) {
    const pii::phone::Region* region = pii::phone::find_region(name);
    if (region == nullptr) return yaml::fail_at(*node, "unknown region; write ISO 3166-1 alpha-2 codes in upper case, such as US or DE");
    options.regions.push_back(region);
  }
  return options;
}

}  // namespace

Result<std::unique_ptr<guard::Filter>> make_pii(const policy::FilterSpec& spec, const guard::FilterEnvironment&) {
  TRY(yaml::check_keys(spec.config, {"category", "types", "regions"}, "config of a pii filter"));
  const yaml::Node* category = spec.config.find("category");
  if (category == nullptr) return yaml::fail_at(spec.config, "a pii filter needs `category`: the category of its findings");
  std::vector<const pii::Recogniser*> types = TRY(read_types(spec.config));
  std::vector<const pii::Recogniser*> with_placeholders = types;
  with_placeholders.push_back(&pii::kPlaceholder);
  Settings settings{
      .name = spec.name,
      .version = "pii/1 " + std::string(pii::phone::source()),
      .category = TRY(category->as_string()),
      .options = TRY(read_options(spec.config)),
      .input = pii::Triggers(std::move(types)),
      .output = pii::Triggers(std::move(with_placeholders)),
  };
  return std::unique_ptr<guard::Filter>(std::make_unique<PiiFilter>(std::move(settings)));
}

}  // namespace steward::filters
