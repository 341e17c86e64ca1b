#include "steward/tune/torch.h"

#include <algorithm>
#include <thread>

namespace steward::tune {

void set_compute(const Compute& compute) {
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  at::set_num_threads(compute.threads > 0 ? compute.threads : std::max(1, cores));
  at::globalContext().setDeterministicAlgorithms(true, false);
}

}  // namespace steward::tune
