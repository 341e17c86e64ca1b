#include "steward/tune/torch.h"

#include <algorithm>
#include <thread>

namespace steward::tune {

void set_compute(const Compute& compute) {
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  at::set_num_threads(compute.threads > 0 ? compute.threads : std::max(1, cores));
  at::globalContext().setDeterministicAlgorithms(true, false);
  at::globalContext().setDeterministicFillUninitializedMemory(false);  // it finds faults of libtorch, at some percent of the time
  // "medium" takes oneDNN's kernels instead of MKL's, which are several times slower on processors that are not Intel's.
  at::globalContext().setFloat32MatmulPrecision(compute.products == Products::kFast ? "medium" : "highest");
}

at::ScalarType product_type(at::ScalarType stored) {
  static const bool has_bfloat16 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                                   __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return stored == at::kBFloat16 && !has_bfloat16 ? at::kFloat : stored;
}

Tensor for_product(const Tensor& matrix) { return matrix.to(product_type(matrix.scalar_type())); }

}  // namespace steward::tune
