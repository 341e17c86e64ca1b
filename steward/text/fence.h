#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace steward::text {

/// The two lines between which a text stands that is judged. No text that it was made for holds its word, also not disguised: so none can
/// end its own quotation, or begin another's.
struct Fence {
  std::string word;
  std::string quote(std::string_view text) const;
};

/// The first word that stands in none of `texts`, under their skeleton view. The same texts give the same word, so that judgements repeat.
Fence fence_for(const std::vector<std::string_view>& texts);

}  // namespace steward::text
