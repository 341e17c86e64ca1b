#include "steward/runs/report.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "steward/runs/plot.h"

namespace steward::runs {
namespace {

constexpr const char* kStyle = R"(
:root { color-scheme: light dark; --ink: #1c1e21; --soft: #666b73; --paper: #ffffff; --line: #dfe2e6; --box: #f5f6f8;
  --c0: #1f6feb; --c1: #d9480f; --c2: #2b8a3e; --c3: #862e9c; --c4: #b08900; --c5: #0b7285; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --soft: #9aa1ab; --paper: #14171b; --line: #2d3239; --box: #1c2026;
  --c0: #6ea8fe; --c1: #ff9a5c; --c2: #69db7c; --c3: #da9bf0; --c4: #ffd43b; --c5: #66d9e8; } }
body { margin: 2rem auto; max-width: 46rem; padding: 0 1rem; font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; } h3 { font-size: 0.95rem; margin: 1rem 0 0.2rem; }
table { border-collapse: collapse; } td { padding: 0.15rem 1rem 0.15rem 0; vertical-align: top; } td:first-child { color: var(--soft); }
pre, .said { background: var(--box); border: 1px solid var(--line); border-radius: 6px; padding: 0.6rem 0.8rem; overflow-x: auto; white-space: pre-wrap;
  overflow-wrap: anywhere; font: 13px/1.5 ui-monospace, monospace; }
svg { width: 100%; height: auto; } svg text { fill: var(--soft); font-size: 11px; } .grid { stroke: var(--line); }
polyline, svg line { fill: none; stroke-width: 1.6; }
)";

/// Classes curve0 … curve5, for lines and for points.
std::string curve_styles() {
  std::string out;
  for (int i = 0; i < 6; ++i) out += fmt::format(".curve{0} {{ stroke: var(--c{0}); }} circle.curve{0} {{ fill: var(--c{0}); }}\n", i);
  return out;
}

std::vector<Curve> curves_of(const Chart& chart, const std::vector<StepRecord>& records) {
  std::vector<Curve> out;
  for (const std::string& name : chart.names) {
    Curve curve{name, {}};
    for (const StepRecord& record : records)
      for (const auto& [key, value] : record.values)
        if (key == name && std::isfinite(value)) curve.points.emplace_back(static_cast<double>(record.step), value);
    if (!curve.points.empty()) out.push_back(std::move(curve));
  }
  return out;
}

std::string sample_html(const ReportSample& sample) {
  std::string out = fmt::format("<h3>asked</h3>\n<div class=\"said\">{}</div>\n", escape_html(sample.prompt));
  for (const auto& [who, what] : sample.answers)
    out += fmt::format("<h3>{}</h3>\n<div class=\"said\">{}</div>\n", escape_html(who), escape_html(what));
  return out;
}

}  // namespace

std::vector<Chart> standard_charts() {
  return {{"Loss", {"loss", "validation/loss"}},
          {"Accuracy", {"accuracy", "validation/accuracy"}},
          {"Reward", {"reward", "reward/chosen", "reward/rejected", "reward/margin", "reward/check"}},
          {"KL to the reference, nats", {"kl"}},
          {"Length of answers, tokens", {"length", "length/chosen", "length/rejected"}},
          {"Learning rate", {"rate"}},
          {"Norm of the gradient", {"gradient/norm"}},
          {"Tokens a second", {"tokens_per_second"}}};
}

std::string render_report(const Report& report) {
  std::string out = fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, "
      "initial-scale=1\">\n"
      "<title>{0}</title>\n<style>{1}{2}</style>\n</head>\n<body>\n<h1>{0}</h1>\n",
      escape_html(report.title), kStyle, curve_styles());
  if (!report.facts.empty()) {
    out += "<table>\n";
    for (const auto& [name, value] : report.facts)
      out += fmt::format("<tr><td>{}</td><td>{}</td></tr>\n", escape_html(name), escape_html(value));
    out += "</table>\n";
  }
  for (const Chart& chart : report.charts) {
    const auto curves = curves_of(chart, report.records);
    if (!curves.empty()) out += fmt::format("<h2>{}</h2>\n{}", escape_html(chart.title), plot_svg(curves));
  }
  if (!report.samples.empty()) out += "<h2>Samples</h2>\n";
  for (const ReportSample& sample : report.samples) out += sample_html(sample);
  if (!report.config.empty()) out += fmt::format("<h2>Configuration</h2>\n<pre>{}</pre>\n", escape_html(report.config));
  return out + "</body>\n</html>\n";
}

}  // namespace steward::runs
