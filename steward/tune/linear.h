#pragma once

#include "steward/tune/torch.h"

namespace steward::tune {

/// Low-rank factors of a linear map [Hu et al. 2021, arXiv:2106.09685, eq. 3]: it becomes x W' + scale · x A' B'.
struct LoraPair {
  Tensor a;  ///< [rank, in], float32
  Tensor b;  ///< [out, rank], float32
};

/// x W', with `lora` added if it is not null. x: [N, in] in the numbers that activations have (float32, or float64 in tests);
/// weight: [out, in], of any number format: the product is computed in product_type() of it. Returns [N, out] in x's format.
/// A weight that does not ask for a gradient is frozen: nothing is kept for it, and x is kept only for `lora`.
Tensor linear_map(const Tensor& x, const Tensor& weight, const LoraPair* lora = nullptr, double scale = 0);

}  // namespace steward::tune
