// Texts: every view of a text that grew equals the view of the whole, and every origin is whole characters.
#include <cstdint>

#include "steward/core/check.h"
#include "steward/text/reading.h"

using namespace steward::text;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (size > 8192 || find_invalid_utf8(text)) return 0;
  const Views whole(text);
  GrowingViews growing;
  for (std::size_t begin = 0; begin < size;) {
    const std::size_t end = std::max(char_floor(text, begin + 1 + begin % 7), begin);
    const std::size_t next = end > begin ? end : size;
    growing.append(text.substr(begin, next - begin));
    (void)growing.readings();
    begin = next;
  }
  growing.finish();
  for (const ViewKind kind : {ViewKind::kRaw, ViewKind::kFolded, ViewKind::kSkeleton, ViewKind::kRepaired}) {
    if (kind != ViewKind::kRepaired) STEWARD_CHECK(growing.text(kind) == whole.get(kind).text());
    const std::size_t derived = whole.get(kind).text().size();
    if (derived == 0) continue;
    const Span span = whole.get(kind).origin({derived / 2, derived});
    STEWARD_CHECK(span.end <= size && char_floor(text, span.begin) == span.begin && char_floor(text, span.end) == span.end);
  }
  std::size_t runs = 0;
  for (const Reading& reading : whole.readings()) {
    if (reading.how() == "escapes") continue;
    STEWARD_CHECK(runs < growing.readings().runs().size());
    STEWARD_CHECK(growing.readings().runs()[runs++].views().raw().text() == reading.views().raw().text());
  }
  return 0;
}
