#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "steward/core/result.h"

namespace steward::app {

/// Longest line of a traffic file.
inline constexpr std::size_t kTrafficLineBytesMax = std::size_t{1} << 20;

/// One request of an operator's own users.
struct TrafficText {
  std::string text;
  std::string language;  ///< as the guard identifies it
};

struct Traffic {
  std::vector<TrafficText> texts;  ///< each text once
  std::size_t repeated = 0;        ///< rows whose text stood before
  std::vector<std::string> bad;    ///< "FILE:LINE: why" of lines that were left out; never quotes them
};

/// Reads a file of texts. *.jsonl: an object a line, with a string in `text`, or with `messages` (role and content, as a chat request has
/// them), of which the last of the role user counts: what stands before it came with earlier requests. Any other file: a text a line.
/// Errors: kNotFound; kTooLarge above 2 GiB; kInvalidInput if no line is good.
Result<Traffic> read_traffic(const std::string& path);

}  // namespace steward::app
