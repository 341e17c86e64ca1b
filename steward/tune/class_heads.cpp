#include "steward/tune/class_heads.h"

#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "steward/classify/metrics.h"
#include "steward/core/json.h"
#include "steward/model/llama/gguf_header.h"
#include "steward/tune/gguf_writer.h"
#include "steward/tune/llama_weights.h"

namespace steward::tune {

ClassHeads make_class_heads(std::vector<std::string> labels, std::int64_t width) {
  const auto count = static_cast<std::int64_t>(labels.size());
  return {std::move(labels), at::zeros({count, width}).requires_grad_(), at::zeros({count}).requires_grad_()};
}

Tensor class_targets(const data::BatchPlan& plan, const std::vector<data::ClassSample>& samples) {
  std::vector<Tensor> rows;
  for (const auto& row : plan)
    for (const std::size_t index : row) rows.push_back(at::tensor(samples.at(index).targets));
  const Tensor targets = at::stack(rows);
  return targets.masked_fill(targets.lt(0), std::numeric_limits<double>::quiet_NaN());
}

std::vector<ClassFigure> class_figures(const std::vector<std::string>& labels, const Tensor& scores, const Tensor& targets) {
  std::vector<ClassFigure> out;
  for (std::size_t label = 0; label < labels.size(); ++label) {
    ClassFigure figure;
    figure.label = labels[label];
    std::vector<classify::Scored> known;
    std::size_t right = 0;
    for (std::int64_t row = 0; row < scores.size(0); ++row) {
      const auto column = static_cast<std::int64_t>(label);
      const double target = targets[row][column].item<double>(), score = scores[row][column].item<double>();
      if (std::isnan(target)) continue;
      known.push_back({score, target >= 0.5, static_cast<std::size_t>(row)});
      right += (score > 0) == (target >= 0.5) ? 1 : 0;
      figure.positives += target >= 0.5 ? 1 : 0;
    }
    if (known.empty()) continue;
    figure.rows = known.size();
    figure.auprc = classify::average_precision(known);
    figure.accuracy = static_cast<double>(right) / static_cast<double>(known.size());
    out.push_back(std::move(figure));
  }
  return out;
}

Result<void> export_class_heads(const std::string& path, const ClassHeads& heads, const std::string& adapter_sha256,
                                const ModelCard& card) {
  if (!heads.weight.isfinite().all().item<bool>() || !heads.bias.isfinite().all().item<bool>())
    return fail(ErrorCode::kInvalidInput, "the heads hold infinite numbers or none: training went wrong, nothing is exported");
  json::Array labels;
  for (const std::string& label : heads.labels) labels.emplace_back(label);
  GgufWriter writer;
  writer.set("general.type", std::string("class-heads"));
  writer.set("general.architecture", std::string("llama"));
  writer.set("general.name", card.name);
  writer.set("class_heads.base_sha256", card.base_sha256);
  writer.set("class_heads.adapter_sha256", adapter_sha256);
  writer.set("class_heads.labels", json::dump_canonical(labels));
  writer.add("head.weight", heads.weight, NumberFormat::kF32);
  writer.add("head.bias", heads.bias, NumberFormat::kF32);
  return writer.write(path);
}

Result<ClassHeads> load_class_heads(const std::string& path, std::int64_t width) {
  const auto header = TRY(model::read_gguf_header(path));
  if (header.text("general.type") != "class-heads") return fail(ErrorCode::kInvalidInput, fmt::format("{} holds no class heads", path));
  const json::Value names = TRY(json::parse(header.text("class_heads.labels")));
  ClassHeads out;
  if (names.is_array())
    for (const json::Value& name : names.get_array())
      if (name.is_string()) out.labels.emplace_back(name.get_string());
  const GgufTensors file = TRY(GgufTensors::open(path));
  const Tensor weight = TRY(file.read("head.weight")), bias = TRY(file.read("head.bias"));
  const auto count = static_cast<std::int64_t>(out.labels.size());
  if (count == 0 || weight.numel() != count * width || bias.numel() != count)
    return fail(ErrorCode::kInvalidInput, fmt::format("{} holds heads of a model of another width, or of other labels", path));
  out.weight = weight.reshape({count, width});
  out.bias = bias.reshape({count});
  return out;
}

}  // namespace steward::tune
