#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "steward/app/detection_data.h"
#include "steward/core/result.h"
#include "steward/guard/filter.h"

namespace steward::app {

/// A way to hide a text from filters that a person still reads, or a model decodes.
struct Disguise {
  std::string_view name;
  std::string (*apply)(std::string_view text, std::uint64_t seed);
};
const std::vector<Disguise>& disguises();

/// How often `filter` flags held-out texts, plain and in each disguise: English harmful and attacking texts, and benign ones. In Markdown.
Result<std::string> disguise_table(const DetectionData& data, const guard::Filter& filter);

}  // namespace steward::app
