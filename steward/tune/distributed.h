#pragma once

#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "steward/core/result.h"
#include "steward/data/batches.h"
#include "steward/runs/training_config.h"
#include "steward/tune/torch.h"

namespace steward::tune {

/// Who started this process, and which of how many it is.
struct Launch {
  std::string by;  ///< mpirun | srun | torchrun; empty: it runs alone
  int rank = 0, size = 1;
  std::string host;  ///< of rank 0 (MASTER_ADDR); may be empty
  int port = 0;
};
/// Reads the variables of mpirun (OMPI_COMM_WORLD_RANK and _SIZE), of torchrun (RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT), or of a step
/// of Slurm's srun (SLURM_PROCID, SLURM_NTASKS). Errors: kInvalidInput if they are no numbers, or no rank of that size.
Result<Launch> launch_of_environment();

/// How processes talk. All of them call the same functions in the same order, with tensors of one size.
class Transport {
 public:
  virtual ~Transport() = default;
  /// Adds up `values` [n], float32 or float64, over all processes, in place; all get the same bytes.
  virtual Result<void> sum(const Tensor& values) = 0;
  /// `all` [size · n] becomes what the processes have in `own` [n], in the order of their ranks.
  virtual Result<void> gather(const Tensor& own, const Tensor& all) = 0;
};
Result<std::unique_ptr<Transport>> open_mpi(const Launch& launch);  ///< kInvalidInput in a build without MPI
Result<std::unique_ptr<Transport>> open_tcp(const Launch& launch);  ///< a star of sockets around rank 0
Result<std::unique_ptr<Transport>> open_nccl(const Launch& launch, std::unique_ptr<Transport> cpu);  ///< kInvalidInput without CUDA

/// What this process does of a batch, and how much its mean counts: samples here / samples of the whole batch.
struct Part {
  data::BatchPlan plan;  ///< may be empty
  double weight = 1;
};

/// The processes that train one model together: each keeps the whole model, takes its part of every batch, and keeps the optimiser's state
/// of its share of the parameters [Rajbhandari et al. 2020, arXiv:1910.02054, P_os]. A process that runs alone is a world of one, for which
/// all of this does nothing. When another process is lost, everything from then on does nothing, and status() says so.
class World {
 public:
  World() = default;  ///< of one
  /// Errors: kInvalidInput if the backend is not in this build or does not fit the launch; kUnavailable if the others do not come.
  static Result<World> open(const runs::ComputeConfig& config);
  World(const Launch& launch, std::unique_ptr<Transport> transport);

  int rank() const { return rank_; }
  int size() const { return size_; }
  /// Does this process write logs, checkpoints and exports?
  bool leads() const { return rank_ == 0; }
  Result<void> status() const;

  /// Rows rank, rank + size, … of a batch.
  Part part(const data::BatchPlan& whole) const;
  /// The batches rank, rank + size, … of a validation, whose sums are then added up.
  std::vector<data::BatchPlan> part(std::vector<data::BatchPlan> batches) const;

  /// Adds up numbers over all processes.
  void sum(std::initializer_list<double*> values) const;
  /// The same, in place. values: float32 or float64, contiguous, of one size in all processes.
  void sum(const Tensor& values) const;
  /// Until all processes have come here.
  void wait() const;
  /// Adds up the gradients of `parameters`, in flat buckets. One that no process has stays undefined.
  void sum_gradients(const std::map<std::string, Tensor>& parameters) const;
  /// The stretch of a tensor's numbers that this process keeps the optimiser's state of: a flat view, or `tensor` itself in a world of one.
  Tensor own(const Tensor& tensor) const;
  /// Each process has changed its own stretch of each tensor (float32, contiguous); now all have all of them.
  void gather(const std::vector<Tensor>& tensors) const;

 private:
  void keep(Result<void> done) const;
  std::pair<std::int64_t, std::int64_t> stretch(std::int64_t numbers, int rank) const;  ///< begin, count

  int rank_ = 0, size_ = 1;
  std::unique_ptr<Transport> transport_;
  mutable Result<void> status_;
};

/// To be called before the process ends: after a failure it ends all processes of mpirun or srun at once, with this exit code.
void end_processes(int exit_code);

}  // namespace steward::tune
