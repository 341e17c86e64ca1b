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

}  // namespace steward::tune
