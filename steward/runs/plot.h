#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace steward::runs {

struct Curve {
  std::string name;
  std::vector<std::pair<double, double>> points;  ///< ascending in x, all finite, not empty
};

/// Inline SVG: axes with round numbers, one line a curve (classes curve0, curve1 …), a legend. Long curves are averaged down to what the
/// eye can see.
std::string plot_svg(const std::vector<Curve>& curves);

/// For text and attribute values of HTML.
std::string escape_html(std::string_view text);

}  // namespace steward::runs
