#pragma once

#include <cstdint>
#include <string>

namespace steward::model::testing_llama {

/// What an adapter's file says that it is.
struct Made {
  std::string architecture = "llama", type = "adapter";
  std::string tensor = "blk.3.attn_q.weight";
  int inputs = 576;  ///< of the tensor
};

/// Writes an adapter of rank 4 with random weights and gives back its path.
std::string make_adapter(const std::string& name, std::uint64_t seed, const Made& made = {});

}  // namespace steward::model::testing_llama
