#include "steward/filters/lexicon/lexicon.h"

#include <algorithm>
#include <deque>
#include <filesystem>
#include <map>

#include <fmt/format.h>

#include "steward/core/files.h"
#include "steward/core/hash.h"
#include "steward/filters/lexicon/entries.h"
#include "steward/filters/phrases/phrase_matcher.h"
#include "steward/filters/quotation.h"

namespace steward::filters {
namespace {

namespace fs = std::filesystem;

/// What one entry of a list stands for.
struct Meaning {
  guard::Finding finding;  ///< without span
  std::string language;    ///< of the list; "*": all
  std::vector<std::string> flags;
};

/// Entries with one of these flags are no hit within so many words of a `near` phrase, or in a quotation.
struct ContextRule {
  std::vector<std::string> allow;
  bool quoted = false;
  std::uint32_t within_words = 6;
  PhraseSet near{text::ViewKind::kFolded};
};

struct Lexicon {
  std::string name;
  std::string version;
  std::vector<Meaning> meanings;
  std::map<text::ViewKind, PhraseSet> sets;
  PhraseSet allowed{text::ViewKind::kFolded};
  std::vector<ContextRule> rules;
};

bool applies(const Meaning& meaning, const std::string& language) {
  // A word of one language may be innocent in another: where the language is unknown, only the lists for all and for English count.
  return meaning.language == "*" || meaning.language == language || (language == "und" && meaning.language == "en");
}

/// Reads one view of one text. A hit that a context rule may excuse waits until enough words behind it were read.
class Scanner {
 public:
  Scanner(const Lexicon& lexicon, text::ViewKind view, std::string language)
      : lexicon_(lexicon), view_(view), language_(std::move(language)), cursor_(lexicon.sets.at(view)), allowed_(lexicon.allowed) {
    for (const ContextRule& rule : lexicon.rules) near_.emplace_back(rule.near);
    near_last_.resize(near_.size());
  }

  /// `source` shows the scanner's view; all three are of the same text.
  std::size_t advance(const Source& source, const Source& original, const Source& folded, std::vector<guard::Finding>& out) {
    read_context(folded);
    std::vector<PhraseMatch> matches;
    cursor_.advance(source, matches);
    for (const PhraseMatch& match : matches) {
      if (applies(lexicon_.meanings[match.id], language_)) waiting_.push_back({match, source.origin(match.span)});
    }
    std::size_t watermark = source.watermark(cursor_.live_from());
    watermark = std::min(watermark, folded.watermark(allowed_.live_from()));
    while (!waiting_.empty() && decide(waiting_.front(), original, folded, out)) waiting_.pop_front();
    for (const Waiting& waiting : waiting_) watermark = std::min(watermark, waiting.span.begin);
    // Never back: a watermark over a phrase that is now dead may only rise.
    return low_ = std::max(low_, watermark);
  }

 private:
  struct Waiting {
    PhraseMatch match;
    text::Span span;  ///< in the original
  };

  void read_context(const Source& folded) {
    std::vector<PhraseMatch> matches;
    allowed_.advance(folded, matches);
    for (const PhraseMatch& match : matches) safe_.push_back(folded.origin(match.span));
    for (std::size_t i = 0; i < near_.size(); ++i) {
      matches.clear();
      near_[i].advance(folded, matches);
      for (const PhraseMatch& match : matches) near_last_[i].push_back({match.first_word, match.last_word});
    }
  }

  /// True when the hit is settled, one way or the other.
  bool decide(const Waiting& waiting, const Source& original, const Source& folded, std::vector<guard::Finding>& out) {
    const Meaning& meaning = lexicon_.meanings[waiting.match.id];
    // An allowed phrase around it may still be growing.
    if (!folded.finished() && folded.watermark(allowed_.live_from()) <= waiting.span.begin) return false;
    for (const text::Span& safe : safe_)
      if (safe.begin <= waiting.span.begin && waiting.span.end <= safe.end) return true;
    for (std::size_t i = 0; i < lexicon_.rules.size(); ++i) {
      const ContextRule& rule = lexicon_.rules[i];
      const bool concerned = std::any_of(meaning.flags.begin(), meaning.flags.end(), [&](const std::string& flag) {
        return std::find(rule.allow.begin(), rule.allow.end(), flag) != rule.allow.end();
      });
      if (!concerned) continue;
      if (rule.quoted) {
        if (!is_quoted(original.text(), waiting.span.begin)) continue;
        if (closes_quotation(original.text(), waiting.span.end)) return true;
        if (!original.finished() && original.text().size() - waiting.span.end < kQuotationBytesMax) return false;
        continue;
      }
      for (const auto& [first, last] : near_last_[i]) {
        if (first <= waiting.match.last_word + rule.within_words && last + rule.within_words >= waiting.match.first_word) return true;
      }
      if (!folded.finished() && near_[i].words_read() <= waiting.match.last_word + rule.within_words) return false;
    }
    guard::Finding finding = meaning.finding;
    finding.span = waiting.span;
    finding.view = view_;
    out.push_back(std::move(finding));
    return true;
  }

  const Lexicon& lexicon_;
  const text::ViewKind view_;
  const std::string language_;
  PhraseCursor cursor_;
  PhraseCursor allowed_;
  std::vector<PhraseCursor> near_;
  std::vector<std::vector<std::pair<std::uint32_t, std::uint32_t>>> near_last_;  ///< per rule: first and last word of each near phrase
  std::vector<text::Span> safe_;                                                 ///< allowed phrases, in the original
  std::deque<Waiting> waiting_;
  std::size_t low_ = 0;
};

class LexiconStream final : public guard::FilterStream {
 public:
  LexiconStream(const Lexicon& lexicon, const std::string& language) {
    for (const auto& [view, set] : lexicon.sets) scanners_.emplace_back(view, Scanner(lexicon, view, language));
  }
  Result<std::size_t> advance(const text::GrowingViews& views, std::vector<guard::Finding>& out) override {
    std::size_t watermark = views.raw().size();
    for (auto& [view, scanner] : scanners_)
      watermark = std::min(watermark, scanner.advance(Source(views, view), Source(views, text::ViewKind::kRaw),
                                                      Source(views, text::ViewKind::kFolded), out));
    return watermark;
  }

 private:
  std::vector<std::pair<text::ViewKind, Scanner>> scanners_;
};

class LexiconFilter final : public guard::Filter {
 public:
  explicit LexiconFilter(Lexicon lexicon) : lexicon_(std::move(lexicon)) {}
  const std::string& name() const override { return lexicon_.name; }
  const std::string& version() const override { return lexicon_.version; }
  bool reads_decoded() const override { return true; }
  Result<void> scan(const text::Views& views, const guard::Scope& scope, std::vector<guard::Finding>& out) const override {
    for (const auto& [view, set] : lexicon_.sets)
      Scanner(lexicon_, view, scope.context.language)
          .advance(Source(views, view), Source(views, text::ViewKind::kRaw), Source(views, text::ViewKind::kFolded), out);
    return {};
  }
  std::unique_ptr<guard::FilterStream> open(const guard::Scope& scope) const override {
    return std::make_unique<LexiconStream>(lexicon_, scope.context.language);
  }

 private:
  const Lexicon lexicon_;
};

Result<std::string> find_list(const yaml::Node& path, const guard::FilterEnvironment& environment) {
  const std::string name = TRY(path.as_string());
  for (const std::string& folder : {environment.policy_dir, environment.shipped_dir}) {
    const fs::path candidate = fs::path(folder) / name;
    if (fs::exists(candidate)) return candidate.string();
  }
  return yaml::fail_at(path, fmt::format("there is no list '{}' in {} or {}", name, environment.policy_dir, environment.shipped_dir));
}

Result<text::ViewKind> read_view(const yaml::Node& node) {
  const std::string view = TRY(node.as_string());
  if (view == "skeleton") return text::ViewKind::kSkeleton;
  if (view == "folded") return text::ViewKind::kFolded;
  return yaml::fail_at(node, "a list is matched on the view `skeleton` or `folded`");
}

Result<void> add_list(const yaml::Node& node, const guard::FilterEnvironment& environment, Lexicon& lexicon, Sha256& digest) {
  TRY(yaml::check_keys(node, {"path", "language", "category", "subtype", "severity", "score", "view", "flags"}, "a list"));
  const yaml::Node* path = node.find("path");
  const yaml::Node* category = node.find("category");
  if (!path || !category) return yaml::fail_at(node, "a list needs `path` and `category`");
  Meaning meaning;
  meaning.language = "*";
  meaning.finding.category = TRY(category->as_string());
  meaning.finding.filter = lexicon.name;
  if (const auto* value = node.find("language")) meaning.language = TRY(value->as_string());
  if (const auto* value = node.find("subtype")) meaning.finding.subtype = TRY(value->as_string());
  if (const auto* value = node.find("severity")) meaning.finding.severity = static_cast<int>(TRY(value->as_integer()));
  if (const auto* value = node.find("score")) meaning.finding.score = TRY(value->as_number());
  if (const auto* value = node.find("flags")) meaning.flags = TRY(value->as_strings());
  text::ViewKind view = text::ViewKind::kSkeleton;
  if (const auto* value = node.find("view")) view = TRY(read_view(*value));
  const std::string file = TRY(find_list(*path, environment));
  digest.update(TRY(read_file(file)));
  PhraseSet& set = lexicon.sets.try_emplace(view, view).first->second;
  for (const LexiconEntry& entry : TRY(read_entries(file))) {
    Meaning own = meaning;
    own.flags.insert(own.flags.end(), entry.flags.begin(), entry.flags.end());
    if (entry.severity >= 0) own.finding.severity = entry.severity;
    if (!entry.subtype.empty()) own.finding.subtype = entry.subtype;
    own.finding.evidence = fmt::format("{}:{}", path->scalar, entry.line);
    const auto id = static_cast<std::uint32_t>(lexicon.meanings.size());
    lexicon.meanings.push_back(std::move(own));
    for (const std::string& phrase : entry.inflect ? inflections(entry.phrase) : std::vector<std::string>{entry.phrase}) {
      set.add_spelled(phrase, id);
      if (!set.add(phrase, id))
        return fail(ErrorCode::kInvalidInput, fmt::format("{}:{}: the entry holds no letter or digit", file, entry.line));
    }
  }
  return {};
}

Result<void> add_rule(const yaml::Node& node, Lexicon& lexicon) {
  TRY(yaml::check_keys(node, {"near", "within_words", "quoted", "allow"}, "a context rule"));
  const yaml::Node* near = node.find("near");
  const yaml::Node* quoted = node.find("quoted");
  const yaml::Node* allow = node.find("allow");
  if (!near == !quoted || !allow)
    return yaml::fail_at(node, "a context rule needs `allow` (flags of entries) and either `near` (phrases) or `quoted: true`");
  ContextRule rule;
  rule.allow = TRY(allow->as_strings());
  if (quoted) {
    if (!TRY(quoted->as_bool())) return yaml::fail_at(*quoted, "`quoted` is true, or the rule is not written");
    rule.quoted = true;
    lexicon.rules.push_back(std::move(rule));
    return {};
  }
  for (const std::string& phrase : TRY(near->as_strings())) rule.near.add(phrase, 0);
  if (const auto* within = node.find("within_words")) {
    const auto words = TRY(within->as_integer());
    if (words < 1 || words > 32) return yaml::fail_at(*within, "within_words is from 1 to 32: text is held that long");
    rule.within_words = static_cast<std::uint32_t>(words);
  }
  lexicon.rules.push_back(std::move(rule));
  return {};
}

}  // namespace

Result<std::unique_ptr<guard::Filter>> make_lexicon(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment) {
  TRY(yaml::check_keys(spec.config, {"lists", "allow", "context"}, "the config of a lexicon"));
  Lexicon lexicon;
  lexicon.name = spec.name;
  Sha256 digest;
  const yaml::Node* lists = spec.config.find("lists");
  if (!lists || lists->items.empty()) return yaml::fail_at(spec.config, "a lexicon needs `lists`");
  for (const yaml::Node& list : lists->items) TRY(add_list(list, environment, lexicon, digest));
  if (const yaml::Node* allow = spec.config.find("allow")) {
    for (const yaml::Node& item : allow->items) {
      TRY(yaml::check_keys(item, {"path"}, "an allow list"));
      const yaml::Node* path = item.find("path");
      if (!path) return yaml::fail_at(item, "an allow list needs its `path`");
      const std::string file = TRY(find_list(*path, environment));
      digest.update(TRY(read_file(file)));
      for (const LexiconEntry& entry : TRY(read_entries(file))) lexicon.allowed.add(entry.phrase, 0);
    }
  }
  if (const yaml::Node* context = spec.config.find("context"))
    for (const yaml::Node& rule : context->items) TRY(add_rule(rule, lexicon));
  lexicon.version = "lexicon-1+" + hex(digest.finish()).substr(0, 12);
  for (Meaning& meaning : lexicon.meanings) meaning.finding.version = lexicon.version;
  return std::unique_ptr<guard::Filter>(std::make_unique<LexiconFilter>(std::move(lexicon)));
}

}  // namespace steward::filters
