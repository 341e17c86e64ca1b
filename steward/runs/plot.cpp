#include "steward/runs/plot.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace steward::runs {
namespace {

constexpr double kWidth = 640, kHeight = 260, kLeft = 64, kRight = 12, kTop = 12, kBottom = 30;
constexpr std::size_t kPointsMax = 400, kTicks = 5;

struct Scale {
  double least = 0, most = 1, step = 1;
};

/// Ends on round numbers: 1, 2 or 5 times a power of ten apart.
Scale round_scale(double least, double most) {
  if (most <= least) {
    const double margin = least == 0 ? 1 : std::abs(least) * 0.1;
    least -= margin;
    most += margin;
  }
  const double rough = (most - least) / static_cast<double>(kTicks);
  const double power = std::pow(10, std::floor(std::log10(rough)));
  const double factor = rough / power <= 1 ? 1 : rough / power <= 2 ? 2 : rough / power <= 5 ? 5 : 10;
  const double step = factor * power;
  return {std::floor(least / step) * step, std::ceil(most / step) * step, step};
}

/// Means of equal stretches.
std::vector<std::pair<double, double>> thinned(const std::vector<std::pair<double, double>>& points) {
  if (points.size() <= kPointsMax) return points;
  std::vector<std::pair<double, double>> out;
  for (std::size_t i = 0; i < kPointsMax; ++i) {
    const std::size_t begin = i * points.size() / kPointsMax, end = (i + 1) * points.size() / kPointsMax;
    double x = 0, y = 0;
    for (std::size_t k = begin; k < end; ++k) {
      x += points[k].first;
      y += points[k].second;
    }
    const auto count = static_cast<double>(end - begin);
    out.emplace_back(x / count, y / count);
  }
  return out;
}

class Plot {
 public:
  explicit Plot(const std::vector<Curve>& curves) : curves_(curves) {
    double x_least = curves[0].points[0].first, x_most = x_least, y_least = curves[0].points[0].second, y_most = y_least;
    for (const Curve& curve : curves)
      for (const auto& [x, y] : curve.points) {
        x_least = std::min(x_least, x);
        x_most = std::max(x_most, x);
        y_least = std::min(y_least, y);
        y_most = std::max(y_most, y);
      }
    x_ = {x_least, x_most > x_least ? x_most : x_least + 1, round_scale(x_least, std::max(x_most, x_least + 1)).step};
    y_ = round_scale(y_least, y_most);
  }

  std::string svg() const {
    std::string out = fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\">\n", kWidth, kHeight);
    axes(out);
    for (std::size_t i = 0; i < curves_.size(); ++i) line(out, i);
    legend(out);
    return out + "</svg>\n";
  }

 private:
  double at_x(double x) const { return kLeft + (x - x_.least) / (x_.most - x_.least) * (kWidth - kLeft - kRight); }
  double at_y(double y) const { return kHeight - kBottom - (y - y_.least) / (y_.most - y_.least) * (kHeight - kTop - kBottom); }

  void axes(std::string& out) const {
    for (int i = 0; y_.least + i * y_.step <= y_.most + y_.step / 2; ++i) {
      const double value = y_.least + i * y_.step;
      out += fmt::format("<line class=\"grid\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>", kLeft, at_y(value),
                         kWidth - kRight, at_y(value));
      out += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{:.4g}</text>\n", kLeft - 6, at_y(value) + 4,
                         std::abs(value) < y_.step / 2 ? 0.0 : value);
    }
    for (double value = std::ceil(x_.least / x_.step) * x_.step; value <= x_.most + x_.step * 1e-9; value += x_.step)
      out +=
          fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{:.6g}</text>\n", at_x(value), kHeight - kBottom + 18, value);
  }

  void line(std::string& out, std::size_t index) const {
    const auto points = thinned(curves_[index].points);
    if (points.size() == 1) {
      out += fmt::format("<circle class=\"curve{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\"/>\n", index % 6, at_x(points[0].first),
                         at_y(points[0].second));
      return;
    }
    out += fmt::format("<polyline class=\"curve{}\" points=\"", index % 6);
    for (const auto& [x, y] : points) out += fmt::format("{:.1f},{:.1f} ", at_x(x), at_y(y));
    out.back() = '"';
    out += "/>\n";
  }

  void legend(std::string& out) const {
    double x = kLeft + 8;
    for (std::size_t i = 0; i < curves_.size(); ++i) {
      const std::string& name = curves_[i].name;
      out += fmt::format("<line class=\"curve{}\" x1=\"{:.0f}\" y1=\"{}\" x2=\"{:.0f}\" y2=\"{}\"/>", i % 6, x, kTop + 8, x + 18, kTop + 8);
      out += fmt::format("<text x=\"{:.0f}\" y=\"{}\">{} {:.4g}</text>\n", x + 23, kTop + 12, escape_html(name),
                         curves_[i].points.back().second);
      x += 44 + 7.0 * static_cast<double>(name.size() + 7);
    }
  }

  const std::vector<Curve>& curves_;
  Scale x_, y_;
};

}  // namespace

std::string plot_svg(const std::vector<Curve>& curves) { return curves.empty() ? std::string() : Plot(curves).svg(); }

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else if (c == '\'') {
      out += "&#39;";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace steward::runs
