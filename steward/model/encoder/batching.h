#pragma once

#include <memory>

#include "steward/model/encoder/encoder.h"

namespace steward::model {

struct BatchingOptions {
  int runs_max = 0;           ///< calls that compute at the same time; 0: as many as the machine has cores
  std::size_t texts_max = 8;  ///< of one batch
};

/// An encoder that computes at most `runs_max` calls at a time, each on its caller's thread. A call that comes while so many run waits; the
/// first that is free takes what waits along in one batch. Nobody waits for a batch to fill. Same bits as `encoder`. Thread-safe.
std::shared_ptr<const Encoder> make_batching(std::shared_ptr<const Encoder> encoder, const BatchingOptions& options);

}  // namespace steward::model
