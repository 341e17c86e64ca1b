#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "steward/runs/run_log.h"

namespace steward::runs {

/// TensorBoard's event file: TFRecords (length, masked CRC-32C, bytes, masked CRC-32C; little endian) of `tensorflow.Event` messages.
/// The first record names the version.
std::string event_file_begin(std::int64_t time_us);
/// One record with a scalar for each value of the step.
std::string event_record(const StepRecord& record);

/// CRC-32C (Castagnoli) [RFC 3720, B.4], and TFRecord's masked form: rotated right by 15, plus 0xa282ead8.
std::uint32_t crc32c(std::string_view bytes);
std::uint32_t masked_crc32c(std::string_view bytes);

}  // namespace steward::runs
