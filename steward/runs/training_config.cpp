#include "steward/runs/training_config.h"

#include <algorithm>
#include <cmath>

#include "steward/core/check.h"

namespace steward::runs {
namespace {

constexpr double kMany = 1e9;

}  // namespace

void declare(Fields& fields, ModelConfig& config) {
  fields.text("model.base", config.base, "GGUF file, or folder in the hub's format, to start from").required();
  fields.choice("model.train", config.train, {"lora", "full", "head"}, "what changes: a LoRA adapter, all weights, or a head alone");
  fields.choice("model.precision", config.precision, {"bf16", "f32"}, "numbers of frozen weights");
  fields.integer("model.lora.rank", config.lora_rank, {1, 1024}, "columns of the adapter's factors");
  fields.number("model.lora.alpha", config.lora_alpha, {1e-6, 1e6}, "the adapter counts alpha / rank times");
  fields.integer("model.lora.layers", config.lora_layers, {0, 1024},
                 "the last ones, which get factors: what is below is not gone through on the way back; 0: all");
  fields.texts("model.lora.targets", config.lora_targets, "maps of each layer that get factors");
}

void declare(Fields& fields, OptimizerConfig& config) {
  fields.number("optimizer.rate", config.rate, {0, 1}, "peak learning rate");
  fields.choice("optimizer.schedule", config.schedule, {"constant", "linear", "cosine"}, "how the rate falls after its warm-up");
  fields.number("optimizer.floor_share", config.floor_share, {0, 1}, "where it ends, as a share of the peak");
  fields.number("optimizer.warmup_share", config.warmup_share, {0, 1}, "share of the steps in which it rises");
  fields.number("optimizer.weight_decay", config.weight_decay, {0, 1}, "of matrices");
  fields.number("optimizer.beta1", config.beta1, {0, 0.99999}, "memory of the mean of gradients");
  fields.number("optimizer.beta2", config.beta2, {0, 0.9999999}, "memory of their squares");
  fields.number("optimizer.epsilon", config.epsilon, {1e-30, 1}, "added to the root of the squares");
  fields.number("optimizer.clip_norm", config.clip_norm, {0, kMany}, "most that the gradient's norm may be; 0: any");
}

void declare(Fields& fields, RunConfig& config) {
  fields.text("run.folder", config.folder, "where log, checkpoints and report go").required();
  fields.integer("run.seed", config.seed, {0, kMany}, "of every random choice");
  fields.number("run.epochs", config.epochs, {0, kMany}, "times that the data is gone through");
  fields.integer("run.steps_max", config.steps_max, {0, kMany}, "most steps; 0: as the epochs have");
  fields.integer("run.accumulate", config.accumulate, {1, 65536}, "batches of a step");
  fields.integer("run.validate_every", config.validate_every, {0, kMany}, "steps between validations; 0: at the end alone");
  fields.integer("run.checkpoint_every", config.checkpoint_every, {1, kMany}, "steps between checkpoints");
  fields.integer("run.checkpoints_kept", config.checkpoints_kept, {1, kMany}, "of the last ones, beside the best");
  fields.integer("run.patience", config.patience, {0, kMany}, "validations without a new best before the run stops; 0: never");
  fields.integer("run.threads", config.threads, {0, 4096}, "0: one for each core");
  fields.integer("run.report_samples", config.report_samples, {0, 1000}, "answers shown in the report");
}

void declare(Fields& fields, ComputeConfig& config) {
  fields.choice("compute.device", config.device, {"cpu", "cuda"}, "what computes");
  fields.choice("compute.backend", config.backend, {"auto", "mpi", "tcp", "nccl"},
                "how the processes of a run talk; auto: nccl on GPUs, else tcp under torchrun and mpi under mpirun and srun");
}

std::int64_t steps_of(const RunConfig& config, std::int64_t batches_per_epoch) {
  const double batches = static_cast<double>(batches_per_epoch) * config.epochs;
  const auto steps = static_cast<std::int64_t>(std::ceil(batches / static_cast<double>(config.accumulate) - 1e-9));
  return std::max<std::int64_t>(config.steps_max > 0 ? std::min(steps, config.steps_max) : steps, 1);
}

Schedule schedule_of(const OptimizerConfig& config, std::int64_t steps) {
  const auto kind = parse_schedule(config.schedule);
  STEWARD_CHECK(kind.has_value());  // declare() lets no other name in
  const auto warmup = static_cast<std::int64_t>(std::ceil(config.warmup_share * static_cast<double>(steps)));
  return {*kind, config.rate, config.floor_share, warmup, steps};
}

}  // namespace steward::runs
