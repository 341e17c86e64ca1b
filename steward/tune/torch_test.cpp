// libtorch is linked and works, also under sanitizers: it is not instrumented itself.
#include <gtest/gtest.h>

#include "steward/tune/torch.h"

namespace steward::tune {
namespace {

TEST(Torch, AProductAndItsGradient) {
  set_compute({.threads = 2});
  EXPECT_EQ(at::get_num_threads(), 2);
  const Tensor a = at::arange(6, at::kFloat).reshape({2, 3}).requires_grad_();
  const Tensor b = at::ones({3, 2});
  const Tensor product = a.matmul(b);
  EXPECT_EQ(product[1][0].item<float>(), 12);
  product.square().sum().backward();
  EXPECT_EQ(a.grad()[0][0].item<float>(), 2 * 2 * 3);  // d/da = 2 (a b) b', two columns of ones, row sum 3
  EXPECT_EQ(a.grad()[1][2].item<float>(), 2 * 2 * 12);
}

/// Errors of libtorch are C++ exceptions: they cross the border of an uninstrumented library.
TEST(Torch, ItsErrorsAreCaught) { EXPECT_THROW(at::ones({2, 3}).matmul(at::ones({2, 3})), c10::Error); }

TEST(Torch, AMatrixForAProductHasItsNumbers) {
  const Tensor wide = at::randn({48, 32});
  EXPECT_TRUE(for_product(wide).is_same(wide));
  const Tensor narrow = wide.to(at::kBFloat16), factor = for_product(narrow);
  EXPECT_EQ(factor.scalar_type(), product_type(at::kBFloat16));
  EXPECT_TRUE(factor.to(at::kFloat).equal(narrow.to(at::kFloat)));
  EXPECT_EQ(product_type(at::kDouble), at::kDouble);
}

}  // namespace
}  // namespace steward::tune
