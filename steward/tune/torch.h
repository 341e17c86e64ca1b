#pragma once

#include <ATen/Parallel.h>
#include <torch/autograd.h>
#include <torch/types.h>

/// The trainer's one door to libtorch; no other header includes it. Precompiled: the headers cost seconds a file.
namespace steward::tune {

using at::Tensor;

/// Of products of float32: kExact, or kFast, where the processor may round what it multiplies to bfloat16 (it adds up in float32).
enum class Products { kExact, kFast };

/// How the trainer uses the processor. The same threads give the same bytes: reductions on the CPU are split by thread count.
struct Compute {
  int threads = 0;  ///< 0: all cores
  Products products = Products::kExact;
};
/// Sets ATen's and OpenMP's threads for the whole process. Call it once, before other threads use libtorch.
void set_compute(const Compute& compute);

/// The numbers that a product with a matrix of `stored` numbers is computed in. bfloat16 stays itself where the processor has AVX-512, for
/// which oneDNN has kernels; elsewhere libtorch has plain loops for it, so that it becomes float32 for the product.
at::ScalarType product_type(at::ScalarType stored);
/// A matrix in product_type() of its numbers: itself, or a copy that lives as long as its use.
Tensor for_product(const Tensor& matrix);

}  // namespace steward::tune
