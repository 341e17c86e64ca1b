#pragma once
// Gradients against central differences, for tests of losses.
#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "steward/tune/torch.h"

namespace steward::tune::testing {

inline Tensor numbers(const std::vector<double>& values) { return at::tensor(values, at::kDouble); }

/// Every element of every input is moved.
inline void check_gradients(const std::function<Tensor(const std::vector<Tensor>&)>& loss, const std::vector<Tensor>& at_inputs) {
  std::vector<Tensor> inputs;
  for (const Tensor& input : at_inputs) inputs.push_back(input.detach().clone().requires_grad_());
  const auto found = torch::autograd::grad({loss(inputs)}, inputs);
  const at::NoGradGuard guard;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    double* number = inputs[i].data_ptr<double>();
    const Tensor given = found[i].contiguous();
    for (std::int64_t j = 0; j < inputs[i].numel(); ++j) {
      constexpr double kStep = 1e-6;
      const double kept = number[j];
      number[j] = kept + kStep;
      const double above = loss(inputs).item<double>();
      number[j] = kept - kStep;
      const double below = loss(inputs).item<double>();
      number[j] = kept;
      EXPECT_NEAR(given.data_ptr<double>()[j], (above - below) / (2 * kStep), 1e-8 * std::max(1.0, std::abs(above)))
          << "input " << i << ", element " << j;
    }
  }
}

}  // namespace steward::tune::testing
