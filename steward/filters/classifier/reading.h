#pragma once

#include <string>

#include "steward/model/encoder/encoder.h"

namespace steward::filters {

/// How the shipped heads read their trunk: heads are trained for one way of reading.
model::EncoderOptions encoder_options();
/// The same with the tuned layers of `models`, a folder, if it has a trunk.gguf.
model::EncoderOptions encoder_options(const std::string& models);
/// Names trunk and way of reading; heads carry it.
std::string trunk_id(const model::Encoder& encoder);
/// Names what embeddings depend on beside the text: trunk, layers that run, way of reading. For model::EmbeddingCache.
std::string reading_id(const model::Encoder& encoder, int windows_max);

}  // namespace steward::filters
