// Texts: evidence lies on whole characters of the text, weights add up to no less than nothing, and the same text gives the same evidence.
#include <cstdint>

#include "steward/core/check.h"
#include "steward/filters/injection/scorer.h"

using namespace steward;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const filters::EvidenceReader reader;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (size > 8192 || text::find_invalid_utf8(text)) return 0;
  const text::Views views(text);
  for (const filters::Voice voice : {filters::Voice::kUser, filters::Voice::kData}) {
    const auto evidence = reader.read(views, voice);
    for (const filters::Evidence& item : evidence) {
      STEWARD_CHECK(item.number < filters::evidence_count());
      STEWARD_CHECK(item.span.begin <= item.span.end && item.span.end <= size);
      STEWARD_CHECK(text::char_floor(text, item.span.begin) == item.span.begin && text::char_floor(text, item.span.end) == item.span.end);
      STEWARD_CHECK(voice == filters::Voice::kUser || item.voice == filters::Voice::kData);
    }
    const filters::Scores scores = filters::score_of(evidence, size);
    for (const filters::Scores::Sum& sum : scores.best) STEWARD_CHECK(sum.evidence >= 0 && sum.begin <= sum.end && sum.end <= size);
    STEWARD_CHECK(reader.read(views, voice).size() == evidence.size());
  }
  return 0;
}
