#include "steward/tune/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace steward::tune {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Rows of q at a time. libtorch's own attention is slower on the CPU: its products are small, and each head has its own.
constexpr std::int64_t kRows = 128;

/// One sequence. Heads that share keys are one matrix: a row of `stretch` is a token as one head asks for it.
class Sequence {
 public:
  Sequence(const Tensor& q, const Tensor& k, const Tensor& v, std::int64_t begin, std::int64_t length)
      : kv_heads_(k.size(1)), group_(q.size(1) / k.size(1)), begin_(begin), length_(length), q_(q), k_(by_head(k)), v_(by_head(v)) {
    mask_ = at::full({std::min(kRows, length), std::min(kRows, length)}, -std::numeric_limits<double>::infinity(), q.options()).triu_(1);
  }

  void forward(const Tensor& out) const {
    in_stretches(
        [&](std::int64_t from, std::int64_t rows) { put(out, from, rows, probabilities(from, rows).bmm(before(v_, from + rows))); });
  }

  void backward(const Tensor& gradient, const Tensor& of_q, const Tensor& of_k, const Tensor& of_v) const {
    const Tensor sum_k = at::zeros_like(k_), sum_v = at::zeros_like(v_);
    in_stretches([&](std::int64_t from, std::int64_t rows) {
      const std::int64_t seen = from + rows;
      const Tensor shares = probabilities(from, rows), of_out = stretch(gradient, from, rows);
      before(sum_v, seen).baddbmm_(shares.transpose(1, 2), of_out);
      const Tensor of_shares = of_out.bmm(before(v_, seen).transpose(1, 2));
      const Tensor of_scores = at::_softmax_backward_data(of_shares, shares, -1, shares.scalar_type()).mul_(scale());
      put(of_q, from, rows, of_scores.bmm(before(k_, seen)));
      before(sum_k, seen).baddbmm_(of_scores.transpose(1, 2), stretch(q_, from, rows));
    });
    of_k.narrow(0, begin_, length_).copy_(sum_k.transpose(0, 1));
    of_v.narrow(0, begin_, length_).copy_(sum_v.transpose(0, 1));
  }

 private:
  template <class F>
  void in_stretches(F run) const {
    for (std::int64_t from = 0; from < length_; from += kRows) run(from, std::min(kRows, length_ - from));
  }
  double scale() const { return 1 / std::sqrt(static_cast<double>(q_.size(2))); }
  /// [N, kv_heads, width] → [kv_heads, length, width].
  Tensor by_head(const Tensor& all) const { return all.narrow(0, begin_, length_).transpose(0, 1).contiguous(); }
  static Tensor before(const Tensor& all, std::int64_t seen) { return all.narrow(1, 0, seen); }
  /// [N, heads, width] → [kv_heads, group · rows, width].
  Tensor stretch(const Tensor& all, std::int64_t from, std::int64_t rows) const {
    return all.narrow(0, begin_ + from, rows)
        .view({rows, kv_heads_, group_, -1})
        .permute({1, 2, 0, 3})
        .reshape({kv_heads_, group_ * rows, -1});
  }
  /// The way back of stretch().
  void put(const Tensor& all, std::int64_t from, std::int64_t rows, const Tensor& values) const {
    all.narrow(0, begin_ + from, rows)
        .view({rows, kv_heads_, group_, -1})
        .copy_(values.view({kv_heads_, group_, rows, -1}).permute({2, 0, 1, 3}));
  }
  /// [kv_heads, group · rows, from + rows].
  Tensor probabilities(std::int64_t from, std::int64_t rows) const {
    const Tensor scores = stretch(q_, from, rows).mul(scale()).bmm(before(k_, from + rows).transpose(1, 2));
    scores.view({kv_heads_, group_, rows, from + rows}).narrow(3, from, rows).add_(mask_.narrow(0, 0, rows).narrow(1, 0, rows));
    return at::softmax(scores, -1);
  }

  std::int64_t kv_heads_, group_, begin_, length_;
  Tensor q_, k_, v_, mask_;
};

template <class F>
void in_sequences(const Tensor& q, const Tensor& k, const Tensor& v, at::IntArrayRef lengths, F run) {
  std::int64_t begin = 0;
  for (const std::int64_t length : lengths) {
    run(Sequence(q, k, v, begin, length));
    begin += length;
  }
}

struct CausalAttention : torch::autograd::Function<CausalAttention> {
  static Tensor forward(AutogradContext* context, const Tensor& q, const Tensor& k, const Tensor& v, at::IntArrayRef lengths) {
    context->save_for_backward({q, k, v});
    context->saved_data["lengths"] = lengths.vec();
    Tensor out = at::empty(q.sizes(), q.options());
    in_sequences(q, k, v, lengths, [&](const Sequence& sequence) { sequence.forward(out); });
    return out.flatten(1);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const Tensor &q = saved[0], &k = saved[1], &v = saved[2];
    const Tensor gradient = gradients[0].contiguous().view(q.sizes());
    Tensor of_q = at::empty(q.sizes(), q.options()), of_k = at::empty(k.sizes(), k.options()), of_v = at::empty(v.sizes(), v.options());
    in_sequences(q, k, v, context->saved_data["lengths"].toIntVector(),
                 [&](const Sequence& sequence) { sequence.backward(gradient, of_q, of_k, of_v); });
    return {of_q, of_k, of_v, Tensor()};
  }
};

}  // namespace

Tensor causal_attention(const Tensor& q, const Tensor& k, const Tensor& v, const std::vector<std::int64_t>& lengths) {
  return CausalAttention::apply(q.contiguous(), k.contiguous(), v.contiguous(), at::IntArrayRef(lengths));
}

}  // namespace steward::tune
