#include "steward/model/encoder/kernels.h"

#define INLINE __attribute__((always_inline)) inline

namespace steward::model {
namespace {

// One body for each instruction set. Not by target_clones: their resolvers run before the sanitizers are up.
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma"))), apply_to = function)
namespace avx512 {
constexpr std::size_t kLanes = 16, kQueries = 6, kVectors = 4;
#include "steward/model/encoder/kernels.inc"
}  // namespace avx512
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
namespace avx2 {
constexpr std::size_t kLanes = 8, kQueries = 6, kVectors = 2;
#include "steward/model/encoder/kernels.inc"
}  // namespace avx2
#pragma clang attribute pop

namespace plain {
constexpr std::size_t kLanes = 4, kQueries = 6, kVectors = 2;
#include "steward/model/encoder/kernels.inc"
}  // namespace plain

constexpr Kernels kAvx512 = {"avx512", avx512::quantise, avx512::dequantise, avx512::gelu, avx512::add_norm, avx512::attend};
constexpr Kernels kAvx2 = {"avx2", avx2::quantise, avx2::dequantise, avx2::gelu, avx2::add_norm, avx2::attend};
constexpr Kernels kPlain = {"plain", plain::quantise, plain::dequantise, plain::gelu, plain::add_norm, plain::attend};

}  // namespace

const Kernels* const* all_kernels() {
  static const Kernels* const* const best = [] {
    static const Kernels* const from_avx512[] = {&kAvx512, &kAvx2, &kPlain, nullptr};
    const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool has_avx512 = has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                            __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    return has_avx512 ? from_avx512 : has_avx2 ? from_avx512 + 1 : from_avx512 + 2;
  }();
  return best;
}

const Kernels& kernels() { return **all_kernels(); }

}  // namespace steward::model
