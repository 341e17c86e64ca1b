#include <fmt/format.h>

#include "steward/core/check.h"
#include "steward/tune/distributed.h"

#ifdef STEWARD_MPI
#include <mpi.h>

#include <cstdlib>

namespace steward::tune {
namespace {

/// MPI counts in int.
constexpr std::int64_t kMessageNumbers = 1 << 28;

Result<void> checked(int code) {
  if (code == MPI_SUCCESS) return {};
  char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  MPI_Error_string(code, text, &length);
  return fail(ErrorCode::kUnavailable,
              fmt::format("MPI: {}. The last checkpoint stands", std::string_view(text, static_cast<std::size_t>(length))));
}

MPI_Datatype type_of(const Tensor& tensor) {
  STEWARD_CHECK(tensor.is_contiguous() && tensor.is_cpu() && (tensor.scalar_type() == at::kFloat || tensor.scalar_type() == at::kDouble));
  return tensor.scalar_type() == at::kFloat ? MPI_FLOAT : MPI_DOUBLE;
}

class Mpi final : public Transport {
 public:
  Result<void> sum(const Tensor& values) override {
    for (std::int64_t begin = 0; begin < values.numel(); begin += kMessageNumbers) {
      const Tensor part = values.narrow(0, begin, std::min(kMessageNumbers, values.numel() - begin));
      TRY(checked(
          MPI_Allreduce(MPI_IN_PLACE, part.mutable_data_ptr(), static_cast<int>(part.numel()), type_of(part), MPI_SUM, MPI_COMM_WORLD)));
    }
    return {};
  }
  Result<void> gather(const Tensor& own, const Tensor& all) override {
    STEWARD_CHECK(own.numel() < kMessageNumbers);
    const int count = static_cast<int>(own.numel());
    return checked(MPI_Allgather(own.const_data_ptr(), count, type_of(own), all.mutable_data_ptr(), count, type_of(all), MPI_COMM_WORLD));
  }
};

}  // namespace

Result<std::unique_ptr<Transport>> open_mpi(const Launch& launch) {
  int done = 0;
  MPI_Initialized(&done);
  if (!done) {
    int given = 0;
    TRY(checked(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &given)));
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  }
  int size = 0, rank = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (size != launch.size || rank != launch.rank)
    return fail(
        ErrorCode::kInvalidInput,
        fmt::format("{} says that there are {} processes, MPI that there are {}: start them by mpirun or by srun --mpi=pmix, or set "
                    "MASTER_ADDR and MASTER_PORT and compute.backend: tcp",
                    launch.by, launch.size, size),
        "compute.backend");
  return std::make_unique<Mpi>();
}

void end_processes(int exit_code) {
  int begun = 0, over = 0;
  MPI_Initialized(&begun);
  MPI_Finalized(&over);
  if (!begun || over) return;
  if (exit_code != 0) MPI_Abort(MPI_COMM_WORLD, exit_code);
  MPI_Finalize();
}

}  // namespace steward::tune

#else

namespace steward::tune {

Result<std::unique_ptr<Transport>> open_mpi(const Launch&) {
  return fail(
      ErrorCode::kInvalidInput,
      "this build has no MPI: install libopenmpi-dev and configure again, or set MASTER_ADDR and MASTER_PORT and compute.backend: tcp",
      "compute.backend");
}

void end_processes(int) {}

}  // namespace steward::tune
#endif
