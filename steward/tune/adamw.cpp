#include "steward/tune/adamw.h"

#include <cmath>

#include <fmt/format.h>

#include "steward/core/check.h"

namespace steward::tune {

AdamW::AdamW(std::map<std::string, Tensor> parameters, const AdamWOptions& options)
    : options_(options), parameters_(std::move(parameters)) {
  for (const auto& [name, parameter] : parameters_) {
    STEWARD_CHECK(parameter.scalar_type() == at::kFloat && parameter.requires_grad());
    means_.emplace(name, at::zeros_like(parameter, at::MemoryFormat::Contiguous).detach());
    squares_.emplace(name, at::zeros_like(parameter, at::MemoryFormat::Contiguous).detach());
  }
}

void AdamW::step(double rate) {
  const at::NoGradGuard guard;
  ++steps_;
  const double steps = static_cast<double>(steps_);
  const double rate_now = rate / (1 - std::pow(options_.beta1, steps)), root = std::sqrt(1 - std::pow(options_.beta2, steps));
  for (auto& [name, parameter] : parameters_) {
    Tensor& gradient = parameter.mutable_grad();
    if (!gradient.defined()) continue;
    Tensor &mean = means_.at(name), &square = squares_.at(name);
    mean.mul_(options_.beta1).add_(gradient, 1 - options_.beta1);
    square.mul_(options_.beta2).addcmul_(gradient, gradient, 1 - options_.beta2);
    if (parameter.dim() > 1 && options_.weight_decay > 0) parameter.mul_(1 - rate * options_.weight_decay);
    parameter.addcdiv_(mean, (square.sqrt() / root).add_(options_.epsilon), -rate_now);
    gradient = Tensor();
  }
}

std::map<std::string, Tensor> AdamW::state() const {
  std::map<std::string, Tensor> out;
  for (const auto& [name, mean] : means_) out.emplace(name + ".mean", mean);
  for (const auto& [name, square] : squares_) out.emplace(name + ".square", square);
  return out;
}

Result<void> AdamW::restore(const std::map<std::string, Tensor>& state, std::int64_t steps) {
  if (state.size() != 2 * parameters_.size()) return fail(ErrorCode::kInvalidInput, "the optimiser's state is of other parameters");
  const auto take = [&](std::map<std::string, Tensor>& into, const char* suffix) -> Result<void> {
    for (auto& [name, tensor] : into) {
      const auto found = state.find(name + suffix);
      if (found == state.end() || found->second.sizes() != tensor.sizes() || found->second.scalar_type() != at::kFloat)
        return fail(ErrorCode::kInvalidInput, fmt::format("the optimiser's state has no {}{} of this shape", name, suffix));
      tensor.copy_(found->second);
    }
    return {};
  };
  TRY(take(means_, ".mean"));
  TRY(take(squares_, ".square"));
  steps_ = steps;
  return {};
}

double clip_gradients(const std::map<std::string, Tensor>& parameters, double norm_max) {
  const at::NoGradGuard guard;
  double squares = 0;
  for (const auto& [name, parameter] : parameters)
    if (parameter.grad().defined()) squares += parameter.grad().square().sum(at::kDouble).item<double>();
  const double norm = std::sqrt(squares);
  if (norm_max > 0 && norm > norm_max)
    for (const auto& [name, parameter] : parameters)
      if (parameter.grad().defined()) parameter.grad().mul_(norm_max / norm);
  return norm;
}

}  // namespace steward::tune
