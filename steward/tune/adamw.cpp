#include "steward/tune/adamw.h"

#include <cmath>

#include <fmt/format.h>

#include "steward/core/check.h"

namespace steward::tune {
namespace {

const World& alone() {
  static const World world;
  return world;
}

}  // namespace

AdamW::AdamW(std::map<std::string, Tensor> parameters, const AdamWOptions& options)
    : options_(options), parameters_(std::move(parameters)), world_(&alone()) {
  reset();
}

void AdamW::share(const World& world) {
  STEWARD_CHECK(steps_ == 0);
  world_ = &world;
  reset();
}

void AdamW::reset() {
  for (const auto& [name, parameter] : parameters_) {
    STEWARD_CHECK(parameter.scalar_type() == at::kFloat && parameter.requires_grad());
    means_[name] = at::zeros_like(world_->own(parameter.detach()), at::MemoryFormat::Contiguous);
    squares_[name] = at::zeros_like(means_[name]);
  }
}

void AdamW::sum_gradients() {
  if (!summed_) world_->sum_gradients(parameters_);
  summed_ = true;
}

void AdamW::step(double rate) {
  const at::NoGradGuard guard;
  sum_gradients();
  summed_ = false;
  ++steps_;
  const double steps = static_cast<double>(steps_);
  const double rate_now = rate / (1 - std::pow(options_.beta1, steps)), root = std::sqrt(1 - std::pow(options_.beta2, steps));
  std::vector<Tensor> changed;
  for (auto& [name, parameter] : parameters_) {
    Tensor& whole = parameter.mutable_grad();
    if (!whole.defined()) continue;
    const Tensor gradient = world_->own(whole), own = world_->own(parameter);
    Tensor &mean = means_.at(name), &square = squares_.at(name);
    mean.mul_(options_.beta1).add_(gradient, 1 - options_.beta1);
    square.mul_(options_.beta2).addcmul_(gradient, gradient, 1 - options_.beta2);
    if (parameter.dim() > 1 && options_.weight_decay > 0) own.mul_(1 - rate * options_.weight_decay);
    own.addcdiv_(mean, (square.sqrt() / root).add_(options_.epsilon), -rate_now);
    whole = Tensor();
    changed.push_back(parameter);
  }
  world_->gather(changed);
}

std::map<std::string, Tensor> AdamW::state() const {
  const at::NoGradGuard guard;
  std::map<std::string, Tensor> out;
  const auto add = [&](const std::map<std::string, Tensor>& own, const char* suffix) {
    for (const auto& [name, numbers] : own) {
      if (world_->size() == 1) {
        out.emplace(name + suffix, numbers);
        continue;
      }
      const Tensor whole = at::zeros_like(parameters_.at(name).detach(), at::MemoryFormat::Contiguous);
      world_->own(whole).copy_(numbers);
      world_->gather({whole});
      if (world_->leads()) out.emplace(name + suffix, whole);
    }
  };
  add(means_, ".mean");
  add(squares_, ".square");
  return out;
}

Result<void> AdamW::restore(const std::map<std::string, Tensor>& state, std::int64_t steps) {
  if (state.size() != 2 * parameters_.size()) return fail(ErrorCode::kInvalidInput, "the optimiser's state is of other parameters");
  const auto take = [&](std::map<std::string, Tensor>& into, const char* suffix) -> Result<void> {
    for (auto& [name, tensor] : into) {
      const auto found = state.find(name + suffix);
      if (found == state.end() || found->second.sizes() != parameters_.at(name).sizes() || found->second.scalar_type() != at::kFloat)
        return fail(ErrorCode::kInvalidInput, fmt::format("the optimiser's state has no {}{} of this shape", name, suffix));
      tensor.copy_(world_->own(found->second));
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

double clip_gradients(AdamW& optimizer, double norm_max) {
  optimizer.sum_gradients();
  return clip_gradients(optimizer.parameters(), norm_max);
}

}  // namespace steward::tune
