#include "steward/guard/turn_language.h"

#include "steward/guard/segment.h"
#include "steward/text/language.h"

namespace steward::guard {

std::string known_language(const policy::Context& context, const Conversation& conversation) {
  if (context.language != "und") return context.language;
  std::string language = conversation.language();
  return language.empty() ? "und" : language;
}

std::string language_of(std::string_view utf8) {
  constexpr std::size_t kPrefixBytes = 800;  // 200 characters of at most 4 bytes: what the identifier reads
  return text::identify_language(mend_utf8(utf8.substr(0, kPrefixBytes))).language;
}

}  // namespace steward::guard
