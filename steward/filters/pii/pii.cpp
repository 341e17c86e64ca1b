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

/// What all scans share. On output, some types may be left out, and placeholders are looked for where there is a vault.
struct Settings {
  std::string name;
  std::string version;
  std::string category;
  pii::Options options;
  pii::Triggers input;
  pii::Triggers output;
  pii::Triggers output_with_placeholders;

  const pii::Triggers& triggers(const Scope& scope) const {
    if (scope.direction == Direction::kInput) return input;
    return scope.vault != nullptr ? output_with_placeholders : output;
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

/// On output, the principal's own names are left as they are, so that it does not matter where they stand again.
pii::KnownNames known_names(const Scope& scope) {
  return scope.direction == Direction::kInput ? pii::KnownNames(scope.vault) : pii::KnownNames();
}

class PiiStream final : public guard::FilterStream {
 public:
  PiiStream(const Settings& settings, const Scope& scope)
      : settings_(&settings), scope_(&scope), scanner_(settings.triggers(scope), settings.options, known_names(scope)) {}

  Result<std::size_t> advance(const text::GrowingViews& views, std::vector<Finding>& out) override {
    constexpr auto kFolded = text::ViewKind::kFolded;
    const std::string_view text = views.text(kFolded);
    std::vector<pii::Hit> hits;
    const Source source(views, kFolded);
    const std::size_t below = scanner_.advance(pii::CasedText(source, views.raw()), hits);
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
    const Source source(views, text::ViewKind::kFolded);
    pii::Scanner(settings_.triggers(scope), settings_.options, known_names(scope))
        .advance(pii::CasedText(source, views.raw().text()), hits);
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

using Types = std::vector<const pii::Recogniser*>;

/// The types that `key` lists, in the table's order; `otherwise` where it is not there.
Result<Types> read_types(const yaml::Node& config, std::string_view key, const Types& otherwise) {
  const auto all = pii::recognisers();
  const yaml::Node* node = config.find(key);
  if (node == nullptr) return otherwise;
  std::vector<std::string> names = TRY(node->as_strings());
  std::string known;
  for (const pii::Recogniser* recogniser : all) known += (known.empty() ? "" : ", ") + std::string(recogniser->subtype);
  for (const std::string& name : names) {
    if (std::none_of(all.begin(), all.end(), [&](const pii::Recogniser* r) { return r->subtype == name; }))
      return yaml::fail_at(*node, "unknown type of personal data; write some of " + known);
  }
  Types types;
  for (const pii::Recogniser* recogniser : all) {
    if (std::find(names.begin(), names.end(), recogniser->subtype) != names.end()) types.push_back(recogniser);
  }
  if (types.empty()) return yaml::fail_at(*node, std::string(key) + " is empty; leave it out, or write some of " + known);
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

/// Word lists are made when they are first asked for: that shall not be in a request, whose time is limited.
Result<std::unique_ptr<guard::Filter>> warmed_up(std::unique_ptr<guard::Filter> filter) {
  std::vector<Finding> found;
  const text::Views views("My name is Ana, call 030 901820, 12 Oak Road, Leeds; born 3 May 1990, 先生");
  TRY(filter->scan(views, {}, found));
  return filter;
}

}  // namespace

Result<std::unique_ptr<guard::Filter>> make_pii(const policy::FilterSpec& spec, const guard::FilterEnvironment&) {
  TRY(yaml::check_keys(spec.config, {"category", "types", "input_only", "regions"}, "config of a pii filter"));
  const yaml::Node* category = spec.config.find("category");
  if (category == nullptr) return yaml::fail_at(spec.config, "a pii filter needs `category`: the category of its findings");
  const auto all = pii::recognisers();
  Types types = TRY(read_types(spec.config, "types", Types(all.begin(), all.end())));
  const Types input_only = TRY(read_types(spec.config, "input_only", {}));
  Types output = types;
  std::erase_if(output,
                [&](const pii::Recogniser* type) { return std::find(input_only.begin(), input_only.end(), type) != input_only.end(); });
  Types with_placeholders = output;
  with_placeholders.push_back(&pii::kPlaceholder);
  Settings settings{
      .name = spec.name,
      .version = "pii/2 " + std::string(pii::phone::source()),
      .category = TRY(category->as_string()),
      .options = TRY(read_options(spec.config)),
      .input = pii::Triggers(std::move(types)),
      .output = pii::Triggers(std::move(output)),
      .output_with_placeholders = pii::Triggers(std::move(with_placeholders)),
  };
  return warmed_up(std::make_unique<PiiFilter>(std::move(settings)));
}

}  // namespace steward::filters
