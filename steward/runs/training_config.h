#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "steward/runs/fields.h"
#include "steward/runs/schedule.h"

namespace steward::runs {

/// `model:` what is trained, and how.
struct ModelConfig {
  std::string base;                ///< GGUF file, or folder in the hub's format
  std::string train = "lora";      ///< lora | full | head
  std::string precision = "bf16";  ///< of frozen weights: bf16 | f32
  std::int64_t lora_rank = 16;
  double lora_alpha = 32;
  std::int64_t lora_layers = 0;  ///< the last ones, which get factors; 0: all
  std::vector<std::string> lora_targets = {"attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"};
};

/// `optimizer:` AdamW and its learning rate.
struct OptimizerConfig {
  double rate = 2e-4;
  std::string schedule = "cosine";
  double floor_share = 0.1;
  double warmup_share = 0.03;  ///< of the run's steps, at least 1 step when above 0
  double weight_decay = 0;
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  double clip_norm = 1;  ///< 0: none
};

/// `run:` how long, how often, where.
struct RunConfig {
  std::string folder;
  std::int64_t seed = 1;
  double epochs = 1;
  std::int64_t steps_max = 0;          ///< 0: as many as the epochs have
  std::int64_t accumulate = 1;         ///< batches a step
  std::int64_t validate_every = 50;    ///< steps; 0: at the end alone
  std::int64_t checkpoint_every = 50;  ///< steps
  std::int64_t checkpoints_kept = 2;   ///< beside the best
  std::int64_t patience = 0;           ///< validations without a new best before the run stops; 0: runs to its end
  std::int64_t threads = 0;            ///< 0: one for each core
  std::int64_t report_samples = 4;     ///< answers in the report
};

/// `compute:` on what, and how the processes of a run talk.
struct ComputeConfig {
  std::string device = "cpu";
  std::string backend = "auto";  ///< auto | mpi | tcp | nccl
};

void declare(Fields& fields, ModelConfig& config);
void declare(Fields& fields, OptimizerConfig& config);
void declare(Fields& fields, RunConfig& config);
void declare(Fields& fields, ComputeConfig& config);

/// Steps of the run, at least 1: batches_per_epoch · epochs / accumulate, at most `steps_max`.
std::int64_t steps_of(const RunConfig& config, std::int64_t batches_per_epoch);
Schedule schedule_of(const OptimizerConfig& config, std::int64_t steps);

}  // namespace steward::runs
