#include "steward/filters/identity/identity.h"

#include <algorithm>
#include <deque>

#include "steward/filters/identity/phrases.h"
#include "steward/filters/phrases/phrase_matcher.h"
#include "steward/filters/quotation.h"
#include "steward/text/words.h"

namespace steward::filters {
namespace {

constexpr char kVersion[] = "identity-1";
/// A claim is replaced up to the end of its clause, within so many bytes.
constexpr std::size_t kClauseBytesMax = 160;

struct Config {
  std::string name;
  std::string category = "human_impersonation";
  PhraseSet claims{text::ViewKind::kFolded};
  PhraseSet questions{text::ViewKind::kSkeleton};    // a user may disguise what it asks, a model does not what it says
  std::vector<std::string> continuing;               ///< skeletons of continuing_words()
  std::vector<const IdentityPhrases*> claims_meant;  ///< by phrase id
};

bool is_one_of(std::string_view word, const auto& words) { return std::find(words.begin(), words.end(), word) != words.end(); }

bool ends_clause(char32_t c) {
  return c == '.' || c == '!' || c == '?' || c == '\n' || c == '"' || c == 0x0964 || c == 0x3002 || c == 0xFF01 || c == 0xFF1F;
}

/// The word that ends before `at`, with what stands between: empty when there is none.
std::string_view word_before(std::string_view text, std::size_t at) {
  while (at > 0 && (text[at - 1] == ' ' || text[at - 1] == ',' || text[at - 1] == ':')) --at;
  std::size_t begin = at;
  while (begin > 0) {
    std::size_t previous = begin;
    if (!text::is_word_char(text::previous_char(text, previous))) break;
    begin = previous;
  }
  return text.substr(begin, at - begin);
}

/// "no soy humano": a negation right before the phrase.
bool is_negated(std::string_view text, std::size_t at, std::string_view negation) {
  if (negation.empty() || at == 0 || text[at - 1] != ' ') return false;
  const std::size_t spaces = at;
  while (at > 0 && text[at - 1] == ' ') --at;
  return spaces > at && text.substr(0, at).ends_with(negation) && word_before(text, at) == negation;
}

class Scanner {
 public:
  explicit Scanner(const Config& config) : config_(config), cursor_(config.claims) {}

  std::size_t advance(const Source& source, std::vector<guard::Finding>& out) {
    std::vector<PhraseMatch> matches;
    cursor_.advance(source, matches);
    for (const PhraseMatch& match : matches) waiting_.push_back(match);
    while (!waiting_.empty() && decide(source, out)) waiting_.pop_front();
    std::size_t live = cursor_.live_from();
    for (const PhraseMatch& match : waiting_) live = std::min(live, match.span.begin);
    return low_ = std::max(low_, source.watermark(live));
  }

 private:
  /// True when the first waiting claim is settled.
  bool decide(const Source& source, std::vector<guard::Finding>& out) {
    const PhraseMatch match = waiting_.front();
    const std::string_view text = source.text();
    if (match.span.begin < done_) return true;  // inside a claim that was reported
    std::size_t end = match.span.end;
    bool ended = false;
    while (end < text.size() && end - match.span.begin < kClauseBytesMax) {
      std::size_t next = end;
      if (ends_clause(text::next_char(text, next))) {
        ended = true;
        break;
      }
      end = next;
    }
    if (!ended && end - match.span.begin < kClauseBytesMax && !source.finished()) return false;
    if (!is_claim(text, match.span, config_.claims_meant[match.id]->negation)) return true;
    guard::Finding finding;
    finding.category = config_.category;
    finding.subtype = "claim";
    finding.severity = 2;
    finding.evidence = "claim";
    finding.filter = config_.name;
    finding.version = kVersion;
    finding.view = text::ViewKind::kFolded;
    finding.span = source.origin({match.span.begin, end});
    finding.replacement = std::string(config_.claims_meant[match.id]->honest);
    out.push_back(std::move(finding));
    done_ = end;
    return true;
  }

  static bool is_claim(std::string_view text, text::Span span, std::string_view negation) {
    if (is_one_of(word_before(text, span.begin), reporting_words()) || is_quoted(text, span.begin) ||
        is_negated(text, span.begin, negation))
      return false;
    std::size_t at = span.end;
    if (at < text.size() && text[at] == '-') return false;
    if (at >= text.size() || text[at] != ' ') return true;
    const std::size_t begin = ++at;
    while (at < text.size()) {
      std::size_t next = at;
      if (!text::is_word_char(text::next_char(text, next))) break;
      at = next;
    }
    return !is_one_of(text.substr(begin, at - begin), continuing_words());
  }

  const Config& config_;
  PhraseCursor cursor_;
  std::deque<PhraseMatch> waiting_;
  std::size_t done_ = 0;  ///< end of the last claim, in the view
  std::size_t low_ = 0;
};

class IdentityStream final : public guard::FilterStream {
 public:
  explicit IdentityStream(const Config& config) : scanner_(config) {}
  Result<std::size_t> advance(const text::GrowingViews& views, std::vector<guard::Finding>& out) override {
    return scanner_.advance(Source(views, text::ViewKind::kFolded), out);
  }

 private:
  Scanner scanner_;
};

class IdentityFilter final : public guard::Filter {
 public:
  explicit IdentityFilter(Config config) : config_(std::move(config)) {}
  const std::string& name() const override { return config_.name; }
  const std::string& version() const override { return version_; }

  Result<void> scan(const text::Views& views, const guard::Scope& scope, std::vector<guard::Finding>& out) const override {
    if (scope.direction == policy::Direction::kOutput) {
      Scanner(config_).advance(Source(views, text::ViewKind::kFolded), out);
      return {};
    }
    if (scope.role != "user") return {};
    const Source source(views, text::ViewKind::kSkeleton);
    std::vector<PhraseMatch> matches;
    PhraseCursor(config_.questions).advance(source, matches);
    const std::string_view text = source.text();
    std::size_t done = 0;
    for (const PhraseMatch& match : matches) {
      if (match.span.begin < done) continue;  // "are you a person", then "are you a person like me"
      std::size_t at = match.span.end, begin = at;
      while (begin < text.size() && text[begin] == ' ') ++begin;
      for (at = begin; at < text.size() && text::is_word_char(static_cast<unsigned char>(text[at])); ++at) {
      }
      if (is_one_of(text.substr(begin, at - begin), config_.continuing)) continue;
      guard::Finding finding;
      finding.category = config_.category;
      finding.subtype = "asked";
      finding.severity = 0;
      finding.evidence = "asked";
      finding.filter = config_.name;
      finding.version = version_;
      finding.view = text::ViewKind::kSkeleton;
      finding.span = source.origin(match.span);
      done = match.span.end;
      out.push_back(std::move(finding));
    }
    return {};
  }
  std::unique_ptr<guard::FilterStream> open(const guard::Scope&) const override { return std::make_unique<IdentityStream>(config_); }

 private:
  const Config config_;
  const std::string version_ = kVersion;
};

}  // namespace

Result<std::unique_ptr<guard::Filter>> make_identity(const policy::FilterSpec& spec, const guard::FilterEnvironment&) {
  TRY(yaml::check_keys(spec.config, {"category"}, "the config of an identity filter"));
  Config config;
  config.name = spec.name;
  if (const auto* category = spec.config.find("category")) config.category = TRY(category->as_string());
  for (const std::string_view word : continuing_words()) config.continuing.push_back(text::skeleton_text(word));
  for (const IdentityPhrases& language : identity_phrases()) {
    for (const std::string_view claim : language.claims) {
      config.claims.add(claim, static_cast<std::uint32_t>(config.claims_meant.size()));
      config.claims_meant.push_back(&language);
    }
    for (const std::string_view question : language.questions) config.questions.add(question, 0);
  }
  return std::unique_ptr<guard::Filter>(std::make_unique<IdentityFilter>(std::move(config)));
}

}  // namespace steward::filters
