#include "steward/tune/token_losses.h"

#include <functional>

#include "steward/core/check.h"

namespace steward::tune {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Calls for each stretch of at most `rows` rows.
void in_chunks(const Tensor& hidden, std::int64_t rows, const std::function<void(std::int64_t begin, std::int64_t count)>& run) {
  for (std::int64_t begin = 0; begin < hidden.size(0); begin += rows) run(begin, std::min(rows, hidden.size(0) - begin));
}

Tensor chunk_logits(const Tensor& hidden, const Tensor& factor) {
  return hidden.to(factor.scalar_type()).mm(factor.t()).to(hidden.scalar_type());
}

/// Takes the gradient of a chunk's logits back to its rows and the head.
struct LogitsGradient {
  Tensor hidden, head;  ///< of all rows; of the head, undefined if it asks for none
  LogitsGradient(const Tensor& of_hidden, const Tensor& of_head)
      : hidden(at::empty_like(of_hidden)), head(of_head.requires_grad() ? at::zeros_like(of_head) : Tensor()) {}
  void take(const Tensor& logits, const Tensor& all, const Tensor& factor, std::int64_t begin) {
    const Tensor narrow = logits.to(factor.scalar_type());
    const Tensor rows = all.narrow(0, begin, logits.size(0));
    hidden.narrow(0, begin, logits.size(0)).copy_(narrow.mm(factor));
    if (head.defined()) head.addmm_(narrow.t(), rows.to(factor.scalar_type()));
  }
};

struct WeightedNll : torch::autograd::Function<WeightedNll> {
  static Tensor forward(AutogradContext* context, const Tensor& hidden, const Tensor& head, const Tensor& targets, const Tensor& weights,
                        std::int64_t rows) {
    const bool wanted = hidden.requires_grad() || head.requires_grad();
    Tensor sum = at::zeros({}, at::kDouble);
    LogitsGradient gradient(hidden, head);
    const Tensor factor = for_product(head);
    in_chunks(hidden, rows, [&](std::int64_t begin, std::int64_t count) {
      Tensor logits = chunk_logits(hidden.narrow(0, begin, count), factor);
      const Tensor target = targets.narrow(0, begin, count).unsqueeze(1), weight = weights.narrow(0, begin, count).unsqueeze(1);
      const Tensor total = logits.logsumexp(1, true);
      sum += ((total - logits.gather(1, target)) * weight).sum(at::kDouble);
      if (!wanted) return;
      logits.sub_(total).exp_().scatter_add_(1, target, at::full_like(total, -1)).mul_(weight);
      gradient.take(logits, hidden, factor, begin);
    });
    if (wanted) {
      context->saved_data["hidden"] = gradient.hidden;
      if (gradient.head.defined()) context->saved_data["head"] = gradient.head;
    }
    return sum.to(hidden.scalar_type());
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto scaled = [&](const char* name) {
      const auto found = context->saved_data.find(name);
      return found == context->saved_data.end() ? Tensor() : found->second.toTensor() * gradients[0];
    };
    return {scaled("hidden"), scaled("head"), Tensor(), Tensor(), Tensor()};
  }
};

struct TokenLogprobs : torch::autograd::Function<TokenLogprobs> {
  static Tensor forward(AutogradContext* context, const Tensor& hidden, const Tensor& head, const Tensor& targets, std::int64_t rows) {
    const Tensor factor = for_product(head);
    Tensor out = at::empty({hidden.size(0)}, hidden.options());
    Tensor totals = at::empty({hidden.size(0), 1}, hidden.options());
    in_chunks(hidden, rows, [&](std::int64_t begin, std::int64_t count) {
      const Tensor logits = chunk_logits(hidden.narrow(0, begin, count), factor);
      const Tensor total = logits.logsumexp(1, true);
      totals.narrow(0, begin, count).copy_(total);
      out.narrow(0, begin, count).copy_((logits.gather(1, targets.narrow(0, begin, count).unsqueeze(1)) - total).squeeze(1));
    });
    context->save_for_backward({hidden, head, targets, totals});
    context->saved_data["rows"] = rows;
    return out;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const Tensor &hidden = saved[0], &head = saved[1], &targets = saved[2], &totals = saved[3];
    LogitsGradient gradient(hidden, head);
    const Tensor factor = for_product(head);
    in_chunks(hidden, context->saved_data["rows"].toInt(), [&](std::int64_t begin, std::int64_t count) {
      Tensor logits = chunk_logits(hidden.narrow(0, begin, count), factor);
      const Tensor total = totals.narrow(0, begin, count);
      logits.sub_(total).exp_().scatter_add_(1, targets.narrow(0, begin, count).unsqueeze(1), at::full_like(total, -1));
      logits.mul_(gradients[0].narrow(0, begin, count).neg().unsqueeze(1));
      gradient.take(logits, hidden, factor, begin);
    });
    return {gradient.hidden, gradient.head, Tensor(), Tensor()};
  }
};

void check(const Predicted& predicted) {
  STEWARD_CHECK(predicted.rows > 0 && predicted.hidden.dim() == 2 && predicted.head.size(1) == predicted.hidden.size(1) &&
                predicted.targets.dim() == 1 && predicted.targets.size(0) == predicted.hidden.size(0));
}

}  // namespace

Tensor weighted_nll(const Predicted& predicted, const Tensor& weights) {
  check(predicted);
  STEWARD_CHECK(weights.sizes() == predicted.targets.sizes());
  return WeightedNll::apply(predicted.hidden, predicted.head, predicted.targets, weights, predicted.rows);
}

Tensor token_logprobs(const Predicted& predicted) {
  check(predicted);
  return TokenLogprobs::apply(predicted.hidden, predicted.head, predicted.targets, predicted.rows);
}

Tensor segment_sums(const Tensor& values, const std::vector<std::int64_t>& counts) {
  std::vector<Tensor> out;
  for (const Tensor& part : values.split_with_sizes(counts)) out.push_back(part.sum());
  return at::stack(out);
}

}  // namespace steward::tune
