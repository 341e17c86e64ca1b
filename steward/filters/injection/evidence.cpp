#include "steward/filters/injection/evidence.h"

#include <algorithm>

#include "steward/filters/injection/structure.h"
#include "steward/text/words.h"

namespace steward::filters {
namespace {

/// Marks the id of a phrase that was spelled letter by letter.
constexpr std::uint32_t kSpelled = 1 << 8;

/// What counts once more in a short text.
constexpr std::string_view kCore[] = {"override.prior-orders", "override.own-orders",  "extraction.prompt", "extraction.ask-prompt",
                                      "extraction.above",      "persona.unrestricted", "authority.mode-on", "cipher.decode-and-follow"};
bool is_core(std::string_view name) { return std::find(std::begin(kCore), std::end(kCore), name) != std::end(kCore); }

Structure short_of(Family family) {
  if (family == Family::kOverride) return Structure::kShortOverride;
  return family == Family::kExtraction ? Structure::kShortExtraction : Structure::kShortOther;
}

struct Hit {
  Concept meaning;
  text::Span span;  ///< in the raw text
  std::uint32_t first_word, last_word;
  std::size_t sentence;
  Voice voice;
  bool covered = false;  ///< part of a longer phrase, which says it all; counts in sequences only
};

void add_all(PhraseSet& set, std::span<const ConceptPhrases> table) {
  for (const ConceptPhrases& entry : table)
    for (const std::string& phrase : expand_phrases(entry.phrases)) {
      set.add(phrase, static_cast<std::uint32_t>(entry.meaning));
      if (const std::string plain = without_accents(phrase); plain != phrase) set.add(plain, static_cast<std::uint32_t>(entry.meaning));
    }
}

void add_spelled(PhraseSet& set) {
  for (const ConceptPhrases& entry : spelled_concepts())
    for (const std::string& phrase : expand_phrases(entry.phrases))
      set.add_spelled(phrase, static_cast<std::uint32_t>(entry.meaning) | kSpelled);
}

bool in_regions(const std::vector<text::Span>& regions, std::size_t at) {
  return std::any_of(regions.begin(), regions.end(), [&](text::Span region) { return at >= region.begin && at < region.end; });
}

}  // namespace

/// One text.
class EvidenceScan {
 public:
  EvidenceScan(const EvidenceReader& reader, const text::Views& views, Voice voice)
      : reader_(reader), raw_(views.raw().text()), voice_(voice), source_(views, text::ViewKind::kSkeleton) {}

  std::vector<Evidence> run() {
    std::vector<StructureMatch> structures;
    find_structures(raw_, structures);
    if (voice_ == Voice::kUser) regions_ = data_regions(raw_);
    const bool data = voice_ == Voice::kData || !regions_.empty();
    std::vector<PhraseMatch> matches;
    PhraseCursor(data ? reader_.data_phrases_ : reader_.user_phrases_).advance(source_, matches);
    if (matches.empty() && structures.empty()) return {};
    begins_ = sentence_begins(raw_);
    for (const StructureMatch& match : structures) add(match.what, match.span);
    take(matches);
    if (data && !hits_.empty()) {
      insert(find_addresses(raw_), Concept::kAddress);
      insert(find_calls(raw_), Concept::kCall);
    }
    for (std::size_t i = 0; i < hits_.size(); ++i) apply_rules(i);
    for (const Voice voice : {Voice::kUser, Voice::kData}) apply_combinations(voice);
    return std::move(out_);
  }

 private:
  Voice voice_at(std::size_t at) const { return voice_ == Voice::kData || in_regions(regions_, at) ? Voice::kData : Voice::kUser; }
  std::size_t sentence_at(std::size_t at) const {
    return static_cast<std::size_t>(std::upper_bound(begins_.begin(), begins_.end(), at) - begins_.begin()) - 1;
  }
  text::Span sentences(std::size_t first, std::size_t last) const {
    return {begins_[first], last + 1 < begins_.size() ? begins_[last + 1] : raw_.size()};
  }
  text::Span sentence_of(const Hit& hit) const {
    const text::Span whole = sentences(hit.sentence, hit.sentence);
    return {string_begin(raw_, whole.begin, hit.span.begin), whole.end};
  }
  void add(std::size_t number, text::Span span, Voice voice) {
    for (const Evidence& known : out_)
      if (known.number == number && known.voice == voice && known.span == span) return;
    out_.push_back({number, span, voice});
  }
  void add(Structure what, text::Span span) {
    const text::Span whole = sentences(sentence_at(span.begin), sentence_at(span.end - 1));
    add(reader_.structure_numbers_[static_cast<std::size_t>(what)], {string_begin(raw_, whole.begin, span.begin), whole.end},
        voice_at(span.begin));
  }

  void take(const std::vector<PhraseMatch>& matches) {
    hits_.reserve(matches.size());
    std::size_t grants = 0;
    for (const PhraseMatch& match : matches) {
      const text::Span span = source_.origin(match.span);
      const auto meaning = static_cast<Concept>(match.id & 0xFF);
      hits_.push_back({meaning, span, match.first_word, match.last_word, sentence_at(span.begin), voice_at(span.begin)});
      if ((match.id & kSpelled) != 0) add(Structure::kSpelledOut, span);
      if (meaning == Concept::kGrant && ++grants == 2) add(Structure::kPolicyBlock, span);
    }
    std::stable_sort(hits_.begin(), hits_.end(), [](const Hit& a, const Hit& b) { return a.span.begin < b.span.begin; });
    for (std::size_t i = 0; i < hits_.size(); ++i) hits_[i].covered = is_covered(i);
    for (const Hit& hit : hits_) present_[static_cast<std::size_t>(hit.voice)] |= bit(hit.meaning);
  }

  /// Of hits of the same words the first counts.
  bool is_covered(std::size_t index) const {
    const text::Span span = hits_[index].span;
    const auto covers = [&](std::size_t i) {
      const text::Span other = hits_[i].span;
      return other.begin <= span.begin && other.end >= span.end && (other != span || i < index) && hits_[i].meaning != hits_[index].meaning;
    };
    constexpr std::size_t kReach = 12;
    for (std::size_t i = index > kReach ? index - kReach : 0; i < std::min(hits_.size(), index + kReach); ++i)
      if (i != index && covers(i)) return true;
    return false;
  }

  /// What is no phrase counts as a word right behind the hit before it: how many words lie between is not known, the sentence is what
  /// matters.
  void insert(const std::vector<text::Span>& found, Concept meaning) {
    for (const text::Span span : found) {
      const Voice voice = voice_at(span.begin);
      const auto behind =
          std::upper_bound(hits_.begin(), hits_.end(), span.begin, [](std::size_t at, const Hit& hit) { return at < hit.span.begin; });
      const std::uint32_t word = behind == hits_.begin() ? 0 : std::prev(behind)->last_word + 1;
      hits_.insert(behind, {meaning, span, word, word, sentence_at(span.begin), voice});
      present_[static_cast<std::size_t>(voice)] |= bit(meaning);
    }
  }

  void apply_rules(std::size_t first) {
    const Hit& hit = hits_[first];
    const EvidenceReader::Rules& rules = hit.voice == Voice::kData ? reader_.data_rules_ : reader_.user_rules_;
    for (const std::size_t index : rules.by_first[static_cast<std::size_t>(hit.meaning)]) {
      const SequenceRule& rule = rules.rules[index];
      if (((rule.second | rule.third) != 0) && (present_[static_cast<std::size_t>(hit.voice)] & rule.second) == 0) continue;
      if (rule.opens == Opens::kSentence && !opens_sentence(raw_, hit.span.begin)) continue;
      if (rule.opens == Opens::kString && !opens_string(raw_, hit.span.begin)) continue;
      if (rule.second == 0 ? hit.covered : !follows(first, rule)) continue;
      add(rules.numbers[index], sentence_of(hit), hit.voice);
      if (raw_.size() <= kShortBytes && is_core(rule.name)) add(short_of(rule.family), hit.span);
    }
  }

  /// The next hit of `wanted` behind `from` within `gap` words of the same sentence; hits_.size() if there is none.
  std::size_t next(std::size_t from, std::size_t after, ConceptSet wanted, std::uint32_t gap) const {
    const Hit& last = hits_[from];
    for (std::size_t i = after; i < hits_.size() && hits_[i].sentence == last.sentence; ++i) {
      const Hit& hit = hits_[i];
      if (hit.first_word > last.last_word + 1 + gap) break;
      if ((bit(hit.meaning) & wanted) != 0 && hit.first_word > last.last_word) return i;
    }
    return hits_.size();
  }

  bool follows(std::size_t first, const SequenceRule& rule) const {
    for (std::size_t second = next(first, first + 1, rule.second, rule.gap); second < hits_.size();
         second = next(first, second + 1, rule.second, rule.gap)) {
      if (rule.third == 0 || next(second, second + 1, rule.third, rule.gap) < hits_.size()) return true;
    }
    return false;
  }

  void apply_combinations(Voice voice) {
    const ConceptSet present = present_[static_cast<std::size_t>(voice)];
    if (present == 0) return;
    for (std::size_t i = 0; i < combinations().size(); ++i) {
      const CombinationRule& rule = combinations()[i];
      if ((present & rule.first) == 0 || (present & rule.second) == 0 || (rule.third != 0 && (present & rule.third) == 0)) continue;
      for (const Hit& hit : hits_) {
        if (hit.voice != voice || (bit(hit.meaning) & rule.first) == 0 || !near(hit, rule.second)) continue;
        if (rule.third == 0 || near(hit, rule.third)) add(reader_.combination_numbers_[i], sentence_of(hit), voice);
      }
    }
  }

  bool near(const Hit& hit, ConceptSet wanted) const {
    return std::any_of(hits_.begin(), hits_.end(), [&](const Hit& other) {
      const std::size_t apart = other.span.begin > hit.span.begin ? other.span.begin - hit.span.begin : hit.span.begin - other.span.begin;
      return other.voice == hit.voice && (bit(other.meaning) & wanted) != 0 && apart < kWindowBytes;
    });
  }

  const EvidenceReader& reader_;
  const std::string_view raw_;
  const Voice voice_;
  const Source source_;
  std::vector<text::Span> regions_;
  std::vector<std::size_t> begins_;
  std::vector<Hit> hits_;
  std::array<ConceptSet, kVoices> present_{};
  std::vector<Evidence> out_;
};

EvidenceReader::Rules EvidenceReader::rules_of(std::initializer_list<std::span<const SequenceRule>> tables) {
  Rules out;
  for (const auto& table : tables) {
    for (const SequenceRule& rule : table) {
      for (std::size_t i = 0; i < kConceptCount; ++i)
        if ((rule.first >> i & 1) != 0) out.by_first[i].push_back(out.rules.size());
      out.rules.push_back(rule);
      out.numbers.push_back(evidence_number(rule.name));
    }
  }
  return out;
}

EvidenceReader::EvidenceReader() {
  for (PhraseSet* const set : {&user_phrases_, &data_phrases_}) {
    add_all(*set, english_concepts());
    add_all(*set, other_concepts());
    add_spelled(*set);
  }
  add_all(data_phrases_, data_concepts());
  user_rules_ = rules_of({user_sequences()});
  data_rules_ = rules_of({user_sequences(), data_sequences()});
  for (std::size_t i = 0; i < kStructureCount; ++i) structure_numbers_[i] = evidence_number(structures()[i].name);
  for (const CombinationRule& rule : combinations()) combination_numbers_.push_back(evidence_number(rule.name));
}

std::vector<Evidence> EvidenceReader::read(const text::Views& views, Voice voice) const { return EvidenceScan(*this, views, voice).run(); }

}  // namespace steward::filters
