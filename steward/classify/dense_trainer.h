#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "steward/classify/dense_head.h"
#include "steward/classify/labels.h"

namespace steward::classify {

/// One text as its encoder saw it.
struct EmbeddedRow {
  std::span<const float> windows;  ///< [count][inputs]
  Targets targets;
  float weight = 1;
};

struct DenseOptions {
  std::size_t hidden = 256;
  int epochs = 5;
  std::size_t batch = 256;
  float learning_rate = 1e-3F;
  float decay = 0.01F;
  float dropout = 0.1F;
  std::uint64_t seed = 1;
  std::size_t evidence_min = 100;
};

/// Masked multi-label training by AdamW [Loshchilov & Hutter 2019], the rate falling to zero in a line. Inputs are standardised; the
/// standardisation is folded into the weights that come out. Of a text in several windows, one counts at each step: if the text is
/// positive, the one that so far says so most (multiple-instance learning), else one that is drawn. Same rows and options, same weights on
/// one machine. Precondition: all rows are `inputs` wide.
DenseWeights train_dense(std::span<const EmbeddedRow> rows, std::size_t inputs, const DenseOptions& options);

}  // namespace steward::classify
