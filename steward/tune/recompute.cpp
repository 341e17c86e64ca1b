#include "steward/tune/recompute.h"

namespace steward::tune {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct Body : torch::CustomClassHolder {
  explicit Body(std::function<Tensor(const Tensor&)> function) : run(std::move(function)) {}
  std::function<Tensor(const Tensor&)> run;
};

struct Recomputed : torch::autograd::Function<Recomputed> {
  static Tensor forward(AutogradContext* context, const Tensor& x, at::TensorList leaves, c10::intrusive_ptr<Body> body) {
    variable_list saved = {x};
    saved.insert(saved.end(), leaves.begin(), leaves.end());
    context->save_for_backward(saved);
    Tensor y = body->run(x);  // forward() runs without gradients
    context->saved_data["body"] = c10::IValue::make_capsule(std::move(body));
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    variable_list inputs = context->get_saved_variables();
    const auto body = c10::static_intrusive_pointer_cast<Body>(context->saved_data["body"].toCapsule());
    const bool wants_x = context->needs_input_grad(0);
    const at::AutoGradMode with_gradients(true);
    const Tensor x = inputs[0].detach().requires_grad_(wants_x);
    const Tensor y = body->run(x);
    inputs[0] = x;
    const variable_list asked(inputs.begin() + (wants_x ? 0 : 1), inputs.end());
    variable_list out = torch::autograd::grad({y}, asked, {gradients[0]}, std::nullopt, false, true);
    if (!wants_x) out.insert(out.begin(), Tensor());
    out.emplace_back();  // the body has none
    return out;
  }
};

}  // namespace

Tensor recomputed(std::function<Tensor(const Tensor&)> body, const Tensor& x, const std::vector<Tensor>& leaves) {
  return Recomputed::apply(x, at::TensorList(leaves), c10::make_intrusive<Body>(std::move(body)));
}

}  // namespace steward::tune
