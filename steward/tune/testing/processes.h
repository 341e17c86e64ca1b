#pragma once

#include "steward/tune/testing/program.h"

namespace steward::tune::testing {

enum class Started { kByMpirun, kByTorchrun };
/// By mpirun where the build has MPI.
Started started_by_default();

/// Runs steward-tune in `count` processes; kByTorchrun: with its variables, which talk over TCP. kill_after: kills (SIGKILL) the last of
/// them alone as soon as `log` has so many lines. exit_code: that of mpirun, or the first that is not 0.
Outcome run_processes(Started by, int count, const std::vector<std::string>& arguments, const std::string& log = "", int kill_after = 0);

/// Runs it in one process that may write no file longer than this: as on a full disk, writes fail.
Outcome run_on_small_disk(const std::vector<std::string>& arguments, std::uint64_t file_bytes_max);
/// Runs it in one process that may have so much more memory than it has before it reads the model.
Outcome run_in_small_memory(const std::vector<std::string>& arguments, std::uint64_t more_bytes_max);

}  // namespace steward::tune::testing
