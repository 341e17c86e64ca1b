#include "steward/eval/metrics/lower.h"

#include <unicode/locid.h>
#include <unicode/unistr.h>

namespace steward::eval {

std::string lower(std::string_view text) {
  std::string out;
  icu::UnicodeString::fromUTF8({text.data(), static_cast<std::int32_t>(text.size())}).toLower(icu::Locale::getRoot()).toUTF8String(out);
  return out;
}

}  // namespace steward::eval
