#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "steward/text/mapped_text.h"

namespace steward::text {

/// Part of a text in another encoding, decoded.
struct DecodedRun {
  std::string_view encoding;  ///< "base64", "base32", "hex", "codes" (numbers of characters), "morse"
  Span run;                   ///< in the encoded text
  std::string text;           ///< well-formed UTF-8
};

/// Finds runs of base64 (RFC 4648, 4 and 5), base32 (6), hex, numbers that are characters (hex, binary or decimal) and Morse code in a text
/// that grows at its end. Only what decodes to readable text counts. What is found does not depend on how the text grew.
class RunReader {
 public:
  /// `text` begins with the text of the call before. `finished`: nothing follows. Appends what was decided.
  void advance(std::string_view text, bool finished, std::vector<DecodedRun>& out);
  /// Runs found later do not begin before it.
  std::size_t consumed() const { return at_; }

 private:
  std::size_t at_ = 0;
};

/// Longest run that is decoded at once. A longer one is decoded in parts that overlap.
inline constexpr std::size_t kRunBytesMax = 2048;

std::string rot13(std::string_view text);
/// Characters in reverse order.
MappedText reversed(std::string_view text);
/// How many of the commonest English words a text holds, as it is, when ROT13 is undone and when it is read backwards.
struct FunctionWords {
  int plain = 0, rot13 = 0, backwards = 0;
};
FunctionWords count_function_words(std::string_view text);

}  // namespace steward::text
