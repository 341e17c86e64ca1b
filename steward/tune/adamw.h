#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "steward/core/result.h"
#include "steward/tune/torch.h"

namespace steward::tune {

struct AdamWOptions {
  double beta1 = 0.9, beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;  ///< of matrices; vectors do not decay
};

/// AdamW [Loshchilov & Hutter 2019, arXiv:1711.05101, algorithm 2]. Parameters and their state are in the order of their names.
class AdamW {
 public:
  /// parameters: float32 leaves that ask for gradients.
  AdamW(std::map<std::string, Tensor> parameters, const AdamWOptions& options);

  /// One step at `rate`, and forgets the gradients. Parameters without one stay.
  void step(double rate);
  std::int64_t steps() const { return steps_; }
  const std::map<std::string, Tensor>& parameters() const { return parameters_; }

  /// "NAME.mean" and "NAME.square" of each parameter.
  std::map<std::string, Tensor> state() const;
  /// Errors: kInvalidInput if it is not the state of these parameters.
  Result<void> restore(const std::map<std::string, Tensor>& state, std::int64_t steps);

 private:
  AdamWOptions options_;
  std::map<std::string, Tensor> parameters_, means_, squares_;
  std::int64_t steps_ = 0;
};

/// Scales all gradients so that the norm over them is at most `norm_max`; 0: leaves them. Returns the norm before, which is no finite
/// number if a gradient is none.
double clip_gradients(const std::map<std::string, Tensor>& parameters, double norm_max);

}  // namespace steward::tune
