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

}  // namespace steward::tune
