#include "steward/filters/canned/canned.h"

#include <algorithm>

#include "steward/filters/input_only.h"
#include "steward/filters/phrases/phrase_matcher.h"

namespace steward::filters {
namespace {

struct Phrase {
  std::string reply;
  std::string language;
};

struct Config {
  std::string name;
  std::string version = "canned-1";
  std::vector<Phrase> phrases;
  PhraseSet set{text::ViewKind::kSkeleton};
  PhraseSet except{text::ViewKind::kSkeleton};
};

class CannedFilter final : public guard::Filter {
 public:
  explicit CannedFilter(Config config) : config_(std::move(config)) {}
  const std::string& name() const override { return config_.name; }
  const std::string& version() const override { return config_.version; }
  bool reads_decoded() const override { return true; }

  Result<void> scan(const text::Views& views, const guard::Scope& scope, std::vector<guard::Finding>& out) const override {
    const Source source(views, text::ViewKind::kSkeleton);
    std::vector<PhraseMatch> matches, excepted;
    PhraseCursor(config_.set).advance(source, matches);
    if (matches.empty()) return {};
    PhraseCursor(config_.except).advance(source, excepted);
    for (const PhraseMatch& match : matches) {
      const Phrase& phrase = config_.phrases[match.id];
      const bool in_language =
          phrase.language == "*" || scope.context.language == "und" || phrase.language == scope.context.language || phrase.language == "en";
      const bool is_excepted = std::any_of(excepted.begin(), excepted.end(), [&](const PhraseMatch& other) {
        return other.span.begin <= match.span.begin && match.span.end <= other.span.end;
      });
      if (!in_language || is_excepted) continue;
      guard::Finding finding;
      finding.category = "canned";
      finding.severity = 0;
      finding.span = source.origin(match.span);
      finding.evidence = phrase.reply;
      finding.filter = config_.name;
      finding.version = config_.version;
      finding.view = text::ViewKind::kSkeleton;
      finding.reply = phrase.reply;
      out.push_back(std::move(finding));
    }
    return {};
  }
  std::unique_ptr<guard::FilterStream> open(const guard::Scope&) const override { return std::make_unique<InputOnlyStream>(); }

 private:
  const Config config_;
};

}  // namespace

Result<std::unique_ptr<guard::Filter>> make_canned(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment) {
  TRY(yaml::check_keys(spec.config, {"except"}, "the config of a canned filter"));
  if (spec.on_output)
    return fail(ErrorCode::kInvalidInput, yaml::to_string(spec.where) + ": a canned filter reads the input only: write `on: [input]`");
  Config config;
  config.name = spec.name;
  for (const policy::CannedReply& canned : environment.policy->canned()) {
    for (const auto& [language, phrases] : canned.match) {
      for (const std::string& phrase : phrases) {
        const auto id = static_cast<std::uint32_t>(config.phrases.size());
        config.phrases.push_back({canned.id, language});
        if (!config.set.add(phrase, id))
          return fail(ErrorCode::kInvalidInput, yaml::to_string(canned.where) + ": a phrase holds no letter or digit");
      }
    }
  }
  if (const auto* except = spec.config.find("except"))
    for (const std::string& phrase : TRY(except->as_strings())) config.except.add(phrase, 0);
  return std::unique_ptr<guard::Filter>(std::make_unique<CannedFilter>(std::move(config)));
}

}  // namespace steward::filters
