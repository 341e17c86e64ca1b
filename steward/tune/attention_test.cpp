#include "steward/tune/attention.h"

#include <gtest/gtest.h>

#include "steward/tune/testing/tiny.h"

namespace steward::tune {
namespace {

/// libtorch's own attention, a sequence and a head at a time.
Tensor plain(const Tensor& q, const Tensor& k, const Tensor& v, const std::vector<std::int64_t>& lengths) {
  const std::int64_t group = q.size(1) / k.size(1);
  std::vector<Tensor> out;
  std::int64_t begin = 0;
  for (const std::int64_t length : lengths) {
    const auto part = [&](const Tensor& all, std::int64_t times) {
      return all.narrow(0, begin, length).transpose(0, 1).repeat_interleave(times, 0).unsqueeze(0);
    };
    out.push_back(
        at::scaled_dot_product_attention(part(q, 1), part(k, group), part(v, group), {}, 0, true).squeeze(0).transpose(0, 1).flatten(1));
    begin += length;
  }
  return at::cat(out);
}

Tensor random(std::vector<std::int64_t> size, std::uint64_t seed) {
  return at::randn(size, at::detail::createCPUGenerator(seed), at::kDouble).requires_grad_();
}

TEST(Attention, IsThatOfThePlainForm) {
  const std::vector<std::int64_t> lengths = {150, 1, 300};  // one stretch and a part of one, a token, three
  const Tensor q = random({451, 6, 8}, 1), k = random({451, 2, 8}, 2), v = random({451, 2, 8}, 3), toward = random({451, 48}, 4).detach();
  const Tensor out = causal_attention(q, k, v, lengths), expected = plain(q, k, v, lengths);
  EXPECT_LT(testing::apart(out, expected), 1e-12);
  const auto gradients = torch::autograd::grad({(out * toward).sum()}, {q, k, v});
  const auto wanted = torch::autograd::grad({(expected * toward).sum()}, {q, k, v});
  for (std::size_t i = 0; i < 3; ++i) EXPECT_LT(testing::apart(gradients[i], wanted[i]), 1e-12) << i;
}

}  // namespace
}  // namespace steward::tune
