#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "steward/core/result.h"
#include "steward/tune/distributed.h"
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

  /// Before the first step: the processes of `world`, which outlives this, share the work and the state. Each gives its part of the
  /// gradient.
  void share(const World& world);
  /// Adds up the gradient over the processes, once a step. Does nothing in a world of one.
  void sum_gradients();

  /// One step at `rate`, and forgets the gradients. Parameters without one stay.
  void step(double rate);
  std::int64_t steps() const { return steps_; }
  const std::map<std::string, Tensor>& parameters() const { return parameters_; }

  /// "NAME.mean" and "NAME.square" of each parameter, whole. All processes call it; only the leading one is given it.
  std::map<std::string, Tensor> state() const;
  /// Errors: kInvalidInput if it is not the state of these parameters.
  Result<void> restore(const std::map<std::string, Tensor>& state, std::int64_t steps);

 private:
  void reset();

  AdamWOptions options_;
  std::map<std::string, Tensor> parameters_, means_, squares_;  ///< of means and squares, this process's own
  std::int64_t steps_ = 0;
  const World* world_ = nullptr;
  bool summed_ = false;
};

/// Scales all gradients so that the norm over them is at most `norm_max`; 0: leaves them. Returns the norm before, which is no finite
/// number if a gradient is none.
double clip_gradients(const std::map<std::string, Tensor>& parameters, double norm_max);
/// The same for the gradient of all processes, which is added up first.
double clip_gradients(AdamW& optimizer, double norm_max);

}  // namespace steward::tune
