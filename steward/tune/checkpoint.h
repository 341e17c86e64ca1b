#pragma once

#include <map>
#include <string>

#include "steward/core/json.h"
#include "steward/core/result.h"
#include "steward/tune/adamw.h"

namespace steward::tune {

/// Everything that a run needs to go on as if it had not stopped. Randomness has no state of its own: what is drawn depends on the run's
/// seed and on the step, or on the name of what it is drawn for.
struct Checkpoint {
  std::map<std::string, Tensor> parameters;  ///< what is trained
  std::map<std::string, Tensor> optimizer;   ///< AdamW::state()
  json::Object facts;                        ///< of the run: step, cursor of the data, early stopping, digest of the base …
};

Checkpoint take_checkpoint(const AdamW& optimizer, json::Object facts);
/// Puts a checkpoint's numbers into the optimiser and its parameters. Errors: kInvalidInput if they are of another model or LoRA.
Result<void> restore(const Checkpoint& checkpoint, AdamW& optimizer);

/// One file, `trainer.safetensors`, in `folder`; the same content gives the same bytes. Errors: kInternal, such as a full disk.
Result<void> write_checkpoint(const std::string& folder, const Checkpoint& checkpoint);
/// Errors: kNotFound; kInvalidInput if the file is damaged.
Result<Checkpoint> read_checkpoint(const std::string& folder);

}  // namespace steward::tune
