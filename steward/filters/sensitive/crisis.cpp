#include "steward/filters/sensitive/crisis.h"

#include <algorithm>

#include <fmt/format.h>

#include "steward/filters/quotation.h"
#include "steward/filters/sensitive/topic_list.h"
#include "steward/text/words.h"

namespace steward::filters {
namespace {

bool ends_sentence(char32_t c) {
  return c == '.' || c == '!' || c == '?' || c == '\n' || c == ';' || c == 0x0964 || c == 0x3002 || c == 0xFF01 || c == 0xFF1F ||
         c == 0x061F;
}

bool holds_sentence_end(std::string_view text, std::size_t from, std::size_t to) {
  while (from < to)
    if (ends_sentence(text::next_char(text, from))) return true;
  return false;
}

std::vector<PhraseMatch> all_matches(const PhraseSet& set, const Source& source) {
  std::vector<PhraseMatch> matches;
  PhraseCursor(set).advance(source, matches);
  return matches;
}

/// A frame that is part of the hit itself is none.
bool stands_apart(const PhraseMatch& frame, text::Span hit) { return frame.span.end <= hit.begin || hit.end <= frame.span.begin; }

bool is_framed(std::string_view text, text::Span hit, const std::vector<PhraseMatch>& frames) {
  return std::any_of(frames.begin(), frames.end(), [&](const PhraseMatch& frame) {
    return frame.span.end <= hit.begin && !holds_sentence_end(text, frame.span.end, hit.begin);
  });
}

bool is_quotation(const Source& source, const Source& original, text::Span hit) {
  const text::Span span = source.origin(hit);
  return is_quoted(original.text(), span.begin) && closes_quotation(original.text(), span.end);
}

}  // namespace

const std::vector<std::string_view>& CrisisPhrases::sections() {
  static const std::vector<std::string_view> sections = {"intent", "disclosure", "eating",     "danger", "abuse",
                                                         "grief",  "concern",    "figurative", "frame",  "speech"};
  return sections;
}

Result<void> CrisisPhrases::add_list(const std::string& path, const std::string& name) {
  for (const TopicEntry& entry : TRY(read_topic_entries(path, sections()))) {
    PhraseSet& set = entry.section == "figurative" ? figurative_
                     : entry.section == "frame"    ? frames_
                     : entry.section == "speech"   ? speech_
                                                   : hits_;
    const auto id = static_cast<std::uint32_t>(meanings_.size());
    for (const std::string& spelling : plain_spellings(entry.phrase))
      if (!set.add(spelling, id)) return fail(ErrorCode::kInvalidInput, fmt::format("{}:{}: the phrase holds no letter", path, entry.line));
    if (&set == &hits_) meanings_.push_back({entry.section, fmt::format("{}:{}", name, entry.line)});
  }
  return {};
}

std::vector<CrisisHit> CrisisPhrases::find(const Source& source, const Source& original) const {
  std::vector<CrisisHit> found;
  const std::vector<PhraseMatch> hits = all_matches(hits_, source);
  if (hits.empty()) return found;
  const std::vector<PhraseMatch> figurative = all_matches(figurative_, source), frames = all_matches(frames_, source);
  std::vector<PhraseMatch> others = all_matches(speech_, source);
  others.insert(others.end(), frames.begin(), frames.end());
  for (const PhraseMatch& hit : hits) {
    const CrisisMeaning& meaning = meanings_[hit.id];
    const bool is_known =
        std::any_of(found.begin(), found.end(), [&](const CrisisHit& other) { return other.meaning->kind == meaning.kind; });
    const bool is_figurative = std::any_of(figurative.begin(), figurative.end(), [&](const PhraseMatch& around) {
      return around.span.begin <= hit.span.begin && hit.span.end <= around.span.end;
    });
    const bool is_told = std::any_of(others.begin(), others.end(), [&](const PhraseMatch& other) { return stands_apart(other, hit.span); });
    if (is_known || is_figurative || is_framed(source.text(), hit.span, frames)) continue;
    if (is_told && is_quotation(source, original, hit.span)) continue;
    found.push_back({&meaning, hit.span});
  }
  return found;
}

}  // namespace steward::filters
