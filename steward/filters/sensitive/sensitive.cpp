#include "steward/filters/sensitive/sensitive.h"

#include <algorithm>
#include <deque>
#include <filesystem>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "steward/core/files.h"
#include "steward/core/hash.h"
#include "steward/filters/sensitive/crisis.h"
#include "steward/filters/sensitive/topic_list.h"
#include "steward/filters/sensitive/topic_tally.h"

namespace steward::filters {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCrisis = "crisis";
const std::vector<std::string_view> kTopicSections = {"strong", "fair", "weak", "none"};

/// The topic lists of one language.
struct LanguageTopics {
  PhraseSet set{text::ViewKind::kSkeleton};
  std::vector<TopicEvidence> evidence;  ///< by phrase id
};

struct Config {
  std::string name;
  std::string version;
  std::string category = "sensitive";  ///< findings are of CATEGORY.TOPIC
  std::string at_risk = "self_harm";   ///< category of what a user says of harming themselves
  double report_from = 0.5;
  std::vector<std::string> topics;  ///< those to report
  std::map<std::string, LanguageTopics, std::less<>> languages;
  CrisisPhrases crisis;
};

/// Reads one text for the topics of one language.
class Scanner {
 public:
  Scanner(const Config& config, const std::string& language, const LanguageTopics& topics)
      : config_(config), language_(language), topics_(topics), cursor_(topics.set) {}

  /// Reports each topic as soon as there is enough evidence: what a stream can say without waiting for the end.
  std::size_t advance(const Source& source, std::vector<guard::Finding>& out) {
    for (const PhraseMatch& match : settle(source)) {
      const TopicEvidence& evidence = topics_.evidence[match.id];
      TopicTally& tally = tallies_[evidence.topic];
      if (reported_[evidence.topic]) continue;
      tally.take(match, evidence);
      if (tally.probability() < config_.report_from) continue;
      reported_[evidence.topic] = true;
      out.push_back(finding(evidence.topic, tally, source.origin(match.span)));
    }
    std::size_t live = cursor_.live_from();
    for (const PhraseMatch& match : waiting_) live = std::min(live, match.span.begin);
    return low_ = std::max(low_, source.watermark(live));
  }

  /// Reports the stretch of a whole text that says most about each topic.
  void scan_whole(const Source& source, std::vector<guard::Finding>& out) {
    std::array<std::optional<TopicTally>, kTopics.size()> best;
    for (const PhraseMatch& match : settle(source)) {
      const std::size_t topic = topics_.evidence[match.id].topic;
      tallies_[topic].take(match, topics_.evidence[match.id]);
      if (!best[topic] || tallies_[topic].probability() > best[topic]->probability()) best[topic] = tallies_[topic];
    }
    for (std::size_t topic = 0; topic < best.size(); ++topic)
      if (best[topic] && best[topic]->probability() >= config_.report_from)
        out.push_back(finding(topic, *best[topic], source.origin(best[topic]->span())));
  }

 private:
  /// The matches, in the order in which they end, that no longer phrase of their topic can still take in; "gift card" is no card.
  std::vector<PhraseMatch> settle(const Source& source) {
    std::vector<PhraseMatch> matches;
    cursor_.advance(source, matches);
    waiting_.insert(waiting_.end(), matches.begin(), matches.end());
    std::vector<PhraseMatch> settled;
    while (!waiting_.empty() && (source.finished() || cursor_.live_from() > waiting_.front().span.begin)) {
      const PhraseMatch match = waiting_.front();
      waiting_.pop_front();
      const bool is_part = std::any_of(waiting_.begin(), waiting_.end(), [&](const PhraseMatch& other) {
        return other.span.begin <= match.span.begin && other.span.end > match.span.end &&
               topics_.evidence[other.id].topic == topics_.evidence[match.id].topic;
      });
      if (!is_part) settled.push_back(match);
    }
    return settled;
  }

  guard::Finding finding(std::size_t topic, const TopicTally& tally, text::Span span) const {
    guard::Finding finding;
    finding.category = fmt::format("{}.{}", config_.category, kTopics[topic]);
    finding.severity = 0;
    finding.score = tally.probability();
    finding.span = span;
    finding.evidence = fmt::format("{}/{}.txt:{}", language_, kTopics[topic], fmt::join(tally.lines(), ","));
    finding.filter = config_.name;
    finding.version = config_.version;
    finding.view = text::ViewKind::kSkeleton;
    return finding;
  }

  const Config& config_;
  const std::string& language_;
  const LanguageTopics& topics_;
  PhraseCursor cursor_;
  std::deque<PhraseMatch> waiting_;
  std::array<TopicTally, kTopics.size()> tallies_;
  std::array<bool, kTopics.size()> reported_{};
  std::size_t low_ = 0;
};

class TopicStream final : public guard::FilterStream {
 public:
  explicit TopicStream(Scanner scanner) : scanner_(std::move(scanner)) {}
  Result<std::size_t> advance(const text::GrowingViews& views, std::vector<guard::Finding>& out) override {
    return scanner_.advance(Source(views, text::ViewKind::kSkeleton), out);
  }

 private:
  Scanner scanner_;
};

/// The stream of a language without lists.
class SilentStream final : public guard::FilterStream {
 public:
  Result<std::size_t> advance(const text::GrowingViews& views, std::vector<guard::Finding>&) override { return views.raw().size(); }
};

class SensitiveFilter final : public guard::Filter {
 public:
  explicit SensitiveFilter(Config config) : config_(std::move(config)) {}
  const std::string& name() const override { return config_.name; }
  const std::string& version() const override { return config_.version; }

  Result<void> scan(const text::Views& views, const guard::Scope& scope, std::vector<guard::Finding>& out) const override {
    const Source source(views, text::ViewKind::kSkeleton);
    const bool is_input = scope.direction == policy::Direction::kInput;
    if (const auto language = find_language(scope); language != config_.languages.end()) {
      Scanner scanner(config_, language->first, language->second);
      if (is_input)
        scanner.scan_whole(source, out);
      else
        scanner.advance(source, out);
    }
    // The model is in no danger, and what a tool returns is nobody's call for help.
    if (is_input && scope.role == "user") scan_crisis(views, out);
    return {};
  }

  std::unique_ptr<guard::FilterStream> open(const guard::Scope& scope) const override {
    const auto language = find_language(scope);
    if (language == config_.languages.end()) return std::make_unique<SilentStream>();
    return std::make_unique<TopicStream>(Scanner(config_, language->first, language->second));
  }

 private:
  using Languages = std::map<std::string, LanguageTopics, std::less<>>;

  /// A word of one language may mean another thing in the next: where the language is unknown, only English counts.
  Languages::const_iterator find_language(const guard::Scope& scope) const {
    const std::string& language = scope.context.language;
    return config_.languages.find(language == "und" ? "en" : language);
  }

  void scan_crisis(const text::Views& views, std::vector<guard::Finding>& out) const {
    const Source source(views, text::ViewKind::kSkeleton);
    for (const CrisisHit& hit : config_.crisis.find(source, Source(views, text::ViewKind::kRaw))) {
      const bool self_harm = hit.meaning->kind == "intent" || hit.meaning->kind == "disclosure";
      guard::Finding finding;
      finding.category = self_harm ? config_.at_risk : fmt::format("{}.{}", config_.category, kCrisis);
      finding.subtype = hit.meaning->kind;
      finding.severity = 0;
      finding.span = source.origin(hit.span);
      finding.evidence = hit.meaning->evidence;
      finding.filter = config_.name;
      finding.version = config_.version;
      finding.view = text::ViewKind::kSkeleton;
      out.push_back(std::move(finding));
    }
  }

  const Config config_;
};

Result<void> add_topic(const std::string& path, const std::string& language, std::size_t topic, LanguageTopics& out) {
  for (const TopicEntry& entry : TRY(read_topic_entries(path, kTopicSections))) {
    const auto id = static_cast<std::uint32_t>(out.evidence.size());
    out.evidence.push_back({topic, entry.weight, entry.line});
    for (const std::string& phrase : inflected(entry.phrase, language))
      if (!out.set.add(phrase, id))
        return fail(ErrorCode::kInvalidInput, fmt::format("{}:{}: the phrase holds no letter", path, entry.line));
  }
  return {};
}

Result<void> add_file(const fs::path& path, const std::string& language, Config& config) {
  const std::string topic = path.stem().string();
  if (std::find(config.topics.begin(), config.topics.end(), topic) == config.topics.end()) return {};
  if (topic == kCrisis) return config.crisis.add_list(path.string(), fmt::format("{}/{}.txt", language, topic));
  const auto known = std::find(kTopics.begin(), kTopics.end(), topic);
  return add_topic(path.string(), language, static_cast<std::size_t>(known - kTopics.begin()), config.languages[language]);
}

/// Lists stand in FOLDER/LANGUAGE/TOPIC.txt; they are read in the order of their names.
Result<void> add_lists(const yaml::Node& at, const std::string& folder, Config& config) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(folder, error))
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  if (files.empty()) return yaml::fail_at(at, "there are no topic lists (LANGUAGE/TOPIC.txt) in " + folder);
  std::sort(files.begin(), files.end());
  Sha256 digest;
  for (const fs::path& file : files) {
    digest.update(TRY(read_file(file.string())));
    TRY(add_file(file, file.parent_path().filename().string(), config));
  }
  config.version = "sensitive-1+" + hex(digest.finish()).substr(0, 12);
  return {};
}

Result<void> read_topics(const yaml::Node& node, Config& config) {
  config.topics = TRY(node.as_strings());
  for (const std::string& topic : config.topics)
    if (topic != kCrisis && std::find(kTopics.begin(), kTopics.end(), topic) == kTopics.end())
      return yaml::fail_at(node, fmt::format("there is no topic '{}'; known: {}, {}", topic, fmt::join(kTopics, ", "), kCrisis));
  return {};
}

std::string find_folder(const std::string& name, const guard::FilterEnvironment& environment) {
  const fs::path own = fs::path(environment.policy_dir) / name;
  return fs::exists(own) ? own.string() : (fs::path(environment.shipped_dir) / name).string();
}

}  // namespace

Result<std::unique_ptr<guard::Filter>> make_sensitive(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment) {
  TRY(yaml::check_keys(spec.config, {"category", "at_risk", "topics", "report_from", "path"}, "the config of a sensitive filter"));
  Config config;
  config.name = spec.name;
  config.topics.assign(kTopics.begin(), kTopics.end());
  config.topics.emplace_back(kCrisis);
  std::string folder = "topics";
  if (const auto* value = spec.config.find("category")) config.category = TRY(value->as_string());
  if (const auto* value = spec.config.find("at_risk")) config.at_risk = TRY(value->as_string());
  if (const auto* value = spec.config.find("topics")) TRY(read_topics(*value, config));
  if (const auto* value = spec.config.find("path")) folder = TRY(value->as_string());
  if (const auto* value = spec.config.find("report_from")) {
    config.report_from = TRY(value->as_number());
    if (!(config.report_from > 0 && config.report_from <= 1)) return yaml::fail_at(*value, "report_from is a probability above 0, up to 1");
  }
  TRY(add_lists(spec.config, find_folder(folder, environment), config));
  return std::unique_ptr<guard::Filter>(std::make_unique<SensitiveFilter>(std::move(config)));
}

}  // namespace steward::filters
