#include "steward/filters/leak/leak.h"

#include <algorithm>

#include "steward/core/hash.h"
#include "steward/filters/leak/instructions.h"
#include "steward/filters/phrases/phrase_matcher.h"

namespace steward::filters {
namespace {

constexpr std::size_t kInstructionWordsMin = 8;

struct Config {
  std::string name;
  std::string version = "leak-1";
  std::string category = "confidential";
  std::size_t words_min = kInstructionWordsMin;
  PhraseSet canaries{text::ViewKind::kSkeleton};
};

/// One output text against the turn's confidential texts and the canaries.
class Scanner {
 public:
  Scanner(const Config& config, const guard::Scope& scope)
      : config_(config),
        instructions_(scope.confidential ? *scope.confidential : std::vector<std::string>{}),
        repeated_(instructions_, config.words_min),
        canaries_(config.canaries) {}

  std::size_t advance(const Source& source, std::vector<guard::Finding>& out) {
    std::vector<leak::Piece> pieces;
    if (!instructions_.empty()) repeated_.advance(source, pieces);
    for (const leak::Piece& piece : pieces) {
      report(source, piece.span, "instructions", 1, out);
      if (piece.goes_on) out.back().replacement = "";
    }
    std::vector<PhraseMatch> matches;
    canaries_.advance(source, matches);
    for (const PhraseMatch& match : matches) report(source, match.span, "canary", 3, out);
    std::size_t live = canaries_.live_from();
    if (!instructions_.empty()) live = std::min(live, repeated_.live_from());
    return low_ = std::max(low_, source.watermark(live));
  }

 private:
  void report(const Source& source, text::Span span, const char* subtype, int severity, std::vector<guard::Finding>& out) const {
    guard::Finding finding;
    finding.category = config_.category;
    finding.subtype = subtype;
    finding.severity = severity;
    finding.span = source.origin(span);
    finding.evidence = subtype;
    finding.filter = config_.name;
    finding.version = config_.version;
    finding.view = text::ViewKind::kSkeleton;
    finding.replacement = "[…]";
    out.push_back(std::move(finding));
  }

  const Config& config_;
  const leak::Instructions instructions_;
  leak::InstructionsCursor repeated_;
  PhraseCursor canaries_;
  std::size_t low_ = 0;
};

class LeakStream final : public guard::FilterStream {
 public:
  LeakStream(const Config& config, const guard::Scope& scope) : scanner_(config, scope) {}
  Result<std::size_t> advance(const text::GrowingViews& views, std::vector<guard::Finding>& out) override {
    return scanner_.advance(Source(views, text::ViewKind::kSkeleton), out);
  }

 private:
  Scanner scanner_;
};

class LeakFilter final : public guard::Filter {
 public:
  explicit LeakFilter(Config config) : config_(std::move(config)) {}
  const std::string& name() const override { return config_.name; }
  const std::string& version() const override { return config_.version; }
  bool reads_decoded() const override { return true; }
  Result<void> scan(const text::Views& views, const guard::Scope& scope, std::vector<guard::Finding>& out) const override {
    Scanner(config_, scope).advance(Source(views, text::ViewKind::kSkeleton), out);
    return {};
  }
  std::unique_ptr<guard::FilterStream> open(const guard::Scope& scope) const override {
    return std::make_unique<LeakStream>(config_, scope);
  }

 private:
  const Config config_;
};

}  // namespace

Result<std::unique_ptr<guard::Filter>> make_leak(const policy::FilterSpec& spec, const guard::FilterEnvironment&) {
  TRY(yaml::check_keys(spec.config, {"category", "words_min", "canaries"}, "the config of a leak filter"));
  if (spec.on_input)
    return fail(ErrorCode::kInvalidInput, yaml::to_string(spec.where) + ": a leak filter reads the output only: write `on: [output]`");
  Config config;
  config.name = spec.name;
  if (const auto* category = spec.config.find("category")) config.category = TRY(category->as_string());
  if (const auto* words = spec.config.find("words_min")) {
    const auto count = TRY(words->as_integer());
    if (count < 4 || count > 64)
      return yaml::fail_at(*words, "words_min is from 4 to 64: fewer are anyone's words, and text is held that long");
    config.words_min = static_cast<std::size_t>(count);
  }
  Sha256 digest;
  if (const auto* canaries = spec.config.find("canaries")) {
    for (const std::string& canary : TRY(canaries->as_strings())) {
      if (!config.canaries.add(canary, 0)) return yaml::fail_at(*canaries, "a canary needs letters or digits");
      digest.update(canary + "\n");
    }
  }
  config.version += "+" + hex(digest.finish()).substr(0, 12);
  return std::unique_ptr<guard::Filter>(std::make_unique<LeakFilter>(std::move(config)));
}

}  // namespace steward::filters
