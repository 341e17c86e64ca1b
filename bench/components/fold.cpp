// The folded view with the way back, against ICU's NFKC_Casefold over UTF-8 with Edits.
#include <string>

#include <unicode/bytestream.h>
#include <unicode/edits.h>
#include <unicode/normalizer2.h>

#include "bench/components/benches.h"
#include "steward/core/check.h"
#include "steward/text/view.h"

namespace steward::bench {
namespace {

Work icu_fold(const std::string& text) {
  return on_cpu([&text] {
    UErrorCode status = U_ZERO_ERROR;
    const icu::Normalizer2* fold = icu::Normalizer2::getNFKCCasefoldInstance(status);
    std::string out;
    icu::StringByteSink<std::string> sink(&out, static_cast<int>(text.size()));
    icu::Edits edits;
    fold->normalizeUTF8(0, icu::StringPiece(text.data(), static_cast<int>(text.size())), sink, &edits, status);
    STEWARD_CHECK(U_SUCCESS(status) && !out.empty());
  });
}

Work our_fold(const std::string& text) {
  return on_cpu([&text] { STEWARD_CHECK(!text::fold(text).text().empty()); });
}

}  // namespace

void bench_fold(Table& table) {
  const std::string english = read_text("reply.txt"), mixed = read_text("mixed.txt");
  table.faster_than({"folded view with offsets against ICU, English", Goal::kAtLeast, 8}, our_fold(english), icu_fold(english),
                    static_cast<double>(english.size()));
  table.faster_than({"folded view with offsets against ICU, fifteen languages", Goal::kAtLeast, 1.5}, our_fold(mixed), icu_fold(mixed),
                    static_cast<double>(mixed.size()));
}

}  // namespace steward::bench
