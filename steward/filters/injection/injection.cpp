#include "steward/filters/injection/injection.h"

#include <algorithm>

#include <fmt/format.h>

#include "steward/filters/injection/conversation_score.h"
#include "steward/filters/injection/scorer.h"
#include "steward/filters/injection/structure.h"
#include "steward/filters/input_only.h"
#include "steward/guard/segment.h"

namespace steward::filters {
namespace {

constexpr char kVersion[] = "injection-1";
constexpr char kReplacement[] = "[instruction removed]";
/// Earlier messages of the user that a conversation is judged by, and their bytes.
constexpr std::size_t kTurnsMax = 16, kHistoryBytesMax = std::size_t{32} << 10;
/// What the last turn must bring itself.
constexpr double kLastTurnMin = 0.5;
constexpr std::size_t kFindingsMax = 8, kNamesMax = 3;

struct Config {
  std::string name;
  std::string category = "prompt_attack";
  double act = 0.5;
  int severity = 2;
  int data_severity = 1;
  ConversationScore::Options drift;
};

/// The names of what weighs most within `span`.
std::string names_of(const std::vector<Evidence>& evidence, Voice voice, text::Span span) {
  std::vector<std::size_t> numbers;
  for (const Evidence& item : evidence) {
    const bool counts =
        item.voice == voice && item.span.begin >= span.begin && item.span.begin < span.end && weight_of(item.number, voice) > 0;
    if (counts && std::find(numbers.begin(), numbers.end(), item.number) == numbers.end()) numbers.push_back(item.number);
  }
  std::stable_sort(numbers.begin(), numbers.end(), [&](auto a, auto b) { return weight_of(a, voice) > weight_of(b, voice); });
  if (numbers.size() > kNamesMax) numbers.resize(kNamesMax);
  std::string out;
  for (const std::size_t number : numbers) out += (out.empty() ? "" : ",") + std::string(evidence_name(number));
  return out;
}

class InjectionFilter final : public guard::Filter {
 public:
  InjectionFilter(Config config, const EvidenceReader& reader) : config_(std::move(config)), reader_(reader) {}
  const std::string& name() const override { return config_.name; }
  const std::string& version() const override { return version_; }
  bool reads_decoded() const override { return true; }
  std::unique_ptr<guard::FilterStream> open(const guard::Scope&) const override { return std::make_unique<InputOnlyStream>(); }

  Result<void> scan(const text::Views& views, const guard::Scope& scope, std::vector<guard::Finding>& out) const override {
    if (scope.direction != policy::Direction::kInput || (scope.role != "user" && scope.role != "tool")) return {};
    const std::string_view raw = views.raw().text();
    std::vector<Evidence> evidence = reader_.read(views, scope.role == "user" ? Voice::kUser : Voice::kData);
    if (evidence.empty()) return {};
    const Scores scores = score_of(evidence, raw.size());
    const bool direct = scope.role == "user" && scores.probability(Voice::kUser) >= config_.act;
    if (direct) report_direct(raw, evidence, scores, out);
    report_data(raw, evidence, out);
    if (!direct && scope.role == "user") report_drift(raw, scores, scope, out);
    return {};
  }

 private:
  guard::Finding finding(std::string_view subtype, text::Span span, double score, std::string evidence) const {
    guard::Finding out;
    out.category = config_.category;
    out.subtype = subtype;
    out.severity = config_.severity;
    out.score = score;
    out.span = span;
    out.evidence = std::move(evidence);
    out.filter = config_.name;
    out.version = version_;
    out.view = text::ViewKind::kSkeleton;
    return out;
  }

  void report_direct(std::string_view raw, const std::vector<Evidence>& evidence, const Scores& scores,
                     std::vector<guard::Finding>& out) const {
    const Scores::Sum& sum = scores.of(Voice::kUser);
    const text::Span span = trimmed(raw, {sum.begin, sum.end});
    const std::string_view subtype = 2 * sum.extraction > sum.evidence ? "prompt_leak" : "jailbreak";
    out.push_back(finding(subtype, span, scores.probability(Voice::kUser), names_of(evidence, Voice::kUser, span)));
  }

  /// Each part of the data that would be an attack alone, the strongest first.
  void report_data(std::string_view raw, std::vector<Evidence> evidence, std::vector<guard::Finding>& out) const {
    for (std::size_t i = 0; i < kFindingsMax; ++i) {
      const Scores scores = score_of(evidence, raw.size());
      if (scores.probability(Voice::kData) < config_.act) return;
      const Scores::Sum& sum = scores.of(Voice::kData);
      const text::Span span = trimmed(raw, {sum.begin, paragraph_end(raw, sum.end)});
      guard::Finding found = finding("injection", span, scores.probability(Voice::kData), names_of(evidence, Voice::kData, span));
      found.severity = config_.data_severity;
      found.replacement = kReplacement;
      out.push_back(std::move(found));
      std::erase_if(evidence, [&](const Evidence& item) { return item.span.end > sum.begin && item.span.begin < sum.end; });
    }
  }

  /// An attack in steps: the user's messages together, the last of which is `raw`.
  void report_drift(std::string_view raw, const Scores& scores, const guard::Scope& scope, std::vector<guard::Finding>& out) const {
    const double last = scores.of(Voice::kUser).evidence;
    if (!scope.messages || last < kLastTurnMin || !is_last_of_user(raw, scope)) return;
    std::vector<double> turns;  // newest first
    std::size_t bytes = 0;
    for (std::size_t i = scope.message; i-- > 0 && turns.size() < kTurnsMax;) {
      const guard::Message& message = (*scope.messages)[i];
      if (message.role != "user") continue;
      bytes += message.text.size();
      if (bytes > kHistoryBytesMax) break;
      const std::string text = guard::mend_utf8(message.text);
      const text::Views views(text);
      turns.push_back(score_of(reader_.read(views, Voice::kUser), text.size()).of(Voice::kUser).evidence);
    }
    ConversationScore conversation(config_.drift);
    for (std::size_t i = turns.size(); i-- > 0;) conversation.add({turns[i]});
    conversation.add({last});
    if (conversation.evidence() < config_.drift.act) return;
    const Scores::Sum& sum = scores.of(Voice::kUser);
    out.push_back(finding("jailbreak", trimmed(raw, {sum.begin, sum.end}), conversation.probability(), "drift"));
  }

  /// False for a decoded reading, too.
  static bool is_last_of_user(std::string_view raw, const guard::Scope& scope) {
    const auto& messages = *scope.messages;
    if (scope.message >= messages.size() || guard::mend_utf8(messages[scope.message].text) != raw) return false;
    return std::none_of(messages.begin() + static_cast<std::ptrdiff_t>(scope.message) + 1, messages.end(),
                        [](const guard::Message& message) { return message.role == "user"; });
  }

  const Config config_;
  const std::string version_ = kVersion;
  const EvidenceReader& reader_;
};

Result<double> number_in(const yaml::Node& node, double low, double high) {
  const double value = TRY(node.as_number());
  if (!(value >= low && value <= high)) return yaml::fail_at(node, fmt::format("say a number from {} to {}", low, high));
  return value;
}

}  // namespace

Result<std::unique_ptr<guard::Filter>> make_injection(const policy::FilterSpec& spec, const guard::FilterEnvironment&) {
  TRY(yaml::check_keys(spec.config, {"category", "act", "severity", "data_severity", "drift_decay", "drift_act"},
                       "the config of an injection filter"));
  static const EvidenceReader reader;  // tens of milliseconds to build, the same for all
  Config config;
  config.name = spec.name;
  if (const auto* category = spec.config.find("category")) config.category = TRY(category->as_string());
  if (const auto* act = spec.config.find("act")) config.act = TRY(number_in(*act, 0, 1));
  if (const auto* severity = spec.config.find("severity")) config.severity = static_cast<int>(TRY(number_in(*severity, 0, 3)));
  if (const auto* severity = spec.config.find("data_severity")) config.data_severity = static_cast<int>(TRY(number_in(*severity, 0, 3)));
  if (const auto* decay = spec.config.find("drift_decay")) config.drift.decay = TRY(number_in(*decay, 0, 1));
  if (const auto* act = spec.config.find("drift_act")) config.drift.act = TRY(number_in(*act, 0, 100));
  return std::unique_ptr<guard::Filter>(std::make_unique<InjectionFilter>(std::move(config), reader));
}

}  // namespace steward::filters
