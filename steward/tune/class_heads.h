#pragma once

#include <map>
#include <string>
#include <vector>

#include "steward/core/result.h"
#include "steward/data/batches.h"
#include "steward/data/samples.h"
#include "steward/tune/model_card.h"
#include "steward/tune/torch.h"

namespace steward::tune {

/// One linear map for each label, from what a language model's last norm gives at a text's last token to log-odds.
struct ClassHeads {
  std::vector<std::string> labels;
  Tensor weight;  ///< [labels, width], float32
  Tensor bias;    ///< [labels]

  /// hidden: [S, width]. Returns log-odds [S, labels].
  Tensor scores(const Tensor& hidden) const { return at::addmm(bias, hidden, weight.t()); }
  std::map<std::string, Tensor> named() const { return {{"head.bias", bias}, {"head.weight", weight}}; }
};

/// Log-odds of 0 for everything, and asks for gradients.
ClassHeads make_class_heads(std::vector<std::string> labels, std::int64_t width);

/// Targets of samples, [S, labels]: NaN where unknown, as masked_logistic_loss() wants them.
Tensor class_targets(const data::BatchPlan& plan, const std::vector<data::ClassSample>& samples);

/// How good scores are, label by label, over rows whose label is known and a half or more counts as positive.
struct ClassFigure {
  std::string label;
  std::size_t rows = 0, positives = 0;
  double auprc = 0;     ///< average precision
  double accuracy = 0;  ///< of "log-odds above 0"
};
/// scores, targets: [S, labels]. Labels without rows are left out.
std::vector<ClassFigure> class_figures(const std::vector<std::string>& labels, const Tensor& scores, const Tensor& targets);

/// Writes the heads as a small GGUF file beside the adapter (docs/formats/class-heads.md). Errors: as export_adapter().
Result<void> export_class_heads(const std::string& path, const ClassHeads& heads, const std::string& adapter_sha256, const ModelCard& card);
/// Errors: kNotFound; kInvalidInput if it is no such file, or of another width.
Result<ClassHeads> load_class_heads(const std::string& path, std::int64_t width);

}  // namespace steward::tune
