#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "steward/core/result.h"
#include "steward/runs/sweep.h"

namespace steward::recipes {

struct SweepArguments {
  std::string recipe;
  std::string config;                  ///< YAML file; empty: none
  std::vector<std::string> overrides;  ///< key=value of every run
  std::vector<std::string> searched;   ///< key=[values], or key=[low,high] of draws
  std::size_t draws = 0;               ///< 0: the whole grid
  std::uint64_t seed = 1;
  std::string folder;
  std::string metric = "validation/loss";
  runs::SweepOptions options;
  bool resume = false;
};

/// Runs this program once for each try, as its own run in `folder`/runs, and leaves there journal.jsonl (for --resume), results.jsonl,
/// report.html and best.yaml. A run that fails is a line of the results.
Result<void> sweep(const SweepArguments& arguments);

}  // namespace steward::recipes
