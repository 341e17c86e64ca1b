#include "steward/tune/distributed.h"

#ifdef STEWARD_NCCL
#include <c10/cuda/CUDAStream.h>
#include <nccl.h>

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "steward/core/check.h"

namespace steward::tune {
namespace {

Result<void> checked(ncclResult_t code) {
  if (code == ncclSuccess) return {};
  return fail(ErrorCode::kUnavailable, fmt::format("NCCL: {}. The last checkpoint stands", ncclGetErrorString(code)));
}

ncclDataType_t type_of(const Tensor& tensor) {
  STEWARD_CHECK(tensor.is_contiguous() && (tensor.scalar_type() == at::kFloat || tensor.scalar_type() == at::kDouble));
  return tensor.scalar_type() == at::kFloat ? ncclFloat : ncclDouble;
}

/// Tensors on the GPU by NCCL, in the stream that computes them; those on the CPU by the other transport.
class Nccl final : public Transport {
 public:
  Nccl(ncclComm_t group, std::unique_ptr<Transport> cpu) : group_(group), cpu_(std::move(cpu)) {}
  ~Nccl() override { ncclCommAbort(group_); }  // waits for no other process

  Result<void> sum(const Tensor& values) override {
    if (values.is_cpu()) return cpu_->sum(values);
    return checked(ncclAllReduce(values.const_data_ptr(), values.mutable_data_ptr(), static_cast<std::size_t>(values.numel()),
                                 type_of(values), ncclSum, group_, c10::cuda::getCurrentCUDAStream()));
  }
  Result<void> gather(const Tensor& own, const Tensor& all) override {
    if (own.is_cpu()) return cpu_->gather(own, all);
    return checked(ncclAllGather(own.const_data_ptr(), all.mutable_data_ptr(), static_cast<std::size_t>(own.numel()), type_of(own), group_,
                                 c10::cuda::getCurrentCUDAStream()));
  }

 private:
  ncclComm_t group_;
  std::unique_ptr<Transport> cpu_;
};

}  // namespace

Result<std::unique_ptr<Transport>> open_nccl(const Launch& launch, std::unique_ptr<Transport> cpu) {
  ncclUniqueId id{};
  if (launch.rank == 0) TRY(checked(ncclGetUniqueId(&id)));
  const Tensor bytes = at::empty({sizeof id.internal}, at::kDouble);  // the others add nothing
  std::copy(std::begin(id.internal), std::end(id.internal), bytes.mutable_data_ptr<double>());
  TRY(cpu->sum(bytes));
  std::transform(bytes.const_data_ptr<double>(), bytes.const_data_ptr<double>() + bytes.numel(), id.internal,
                 [](double byte) { return static_cast<char>(byte); });
  ncclComm_t group = nullptr;
  TRY(checked(ncclCommInitRank(&group, launch.size, id, launch.rank)));
  return std::make_unique<Nccl>(group, std::move(cpu));
}

}  // namespace steward::tune

#else

namespace steward::tune {

Result<std::unique_ptr<Transport>> open_nccl(const Launch&, std::unique_ptr<Transport>) {
  return fail(ErrorCode::kInvalidInput,
              "this build has no NCCL: install all of torch==2.15.0 and configure with -DSTEWARD_TORCH_ROOT=…/torch", "compute.backend");
}

}  // namespace steward::tune
#endif
