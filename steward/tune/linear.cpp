#include "steward/tune/linear.h"

namespace steward::tune {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// x [N, K] times a matrix [K, M], in the matrix' numbers.
Tensor times(const Tensor& x, const Tensor& matrix) { return x.to(matrix.scalar_type()).mm(matrix).to(x.scalar_type()); }

/// The products with the frozen weight are in product_type() of its numbers (bfloat16, say), those with the factors in the activations'.
struct FrozenLinear : torch::autograd::Function<FrozenLinear> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& weight, const std::optional<Tensor>& a,
                        const std::optional<Tensor>& b, double scale) {
    Tensor y = times(x, for_product(weight).t());
    context->saved_data["scale"] = scale;
    if (!a) {
      context->save_for_backward({weight});
      return y;
    }
    const Tensor inner = x.mm(a->t());
    y.addmm_(inner, b->t(), 1, scale);
    context->save_for_backward({weight, x, *a, *b, inner});
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const double scale = context->saved_data["scale"].toDouble();
    const Tensor& weight = saved[0];
    const Tensor& gradient = gradients[0];
    Tensor of_x, of_a, of_b;
    if (context->needs_input_grad(0)) of_x = times(gradient, for_product(weight));
    if (saved.size() > 1) {
      const Tensor &x = saved[1], &a = saved[2], &b = saved[3], &inner = saved[4];
      const Tensor of_inner = gradient.mm(b).mul_(scale);
      if (of_x.defined()) of_x.addmm_(of_inner, a);
      of_a = of_inner.t().mm(x);
      of_b = gradient.t().mm(inner).mul_(scale);
    }
    return {of_x, Tensor(), of_a, of_b, Tensor()};
  }
};

}  // namespace

Tensor linear_map(const Tensor& x, const Tensor& weight, const LoraPair* lora, double scale) {
  using Maybe = std::optional<Tensor>;
  if (!weight.requires_grad())
    return FrozenLinear::apply(x, weight, lora ? Maybe(lora->a) : Maybe(), lora ? Maybe(lora->b) : Maybe(), scale);
  const Tensor y = times(x, weight.t());
  return lora ? y + x.mm(lora->a.t()).mm(lora->b.t()) * scale : y;
}

}  // namespace steward::tune
