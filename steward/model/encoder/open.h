#pragma once

#include <memory>

#include "steward/model/encoder/encoder.h"
#include "steward/model/encoder/weights_file.h"

namespace steward::model {

/// An encoder over a file that is open already; it has no digest. Errors: kInvalidInput, kInternal.
Result<std::unique_ptr<Encoder>> open_encoder(WeightsFile file, const EncoderOptions& options);

}  // namespace steward::model
