#pragma once

#include <map>
#include <string>
#include <vector>

#include "steward/core/json.h"
#include "steward/core/result.h"
#include "steward/tune/torch.h"

namespace steward::tune {

/// A file in the safetensors format: the length of a JSON header (8 bytes, little endian), the header, the numbers.
struct Safetensors {
  std::map<std::string, Tensor> tensors;        ///< float32, float16, bfloat16 or int64
  std::map<std::string, std::string> metadata;  ///< `__metadata__`
};

/// Errors: kNotFound; kInvalidInput that names the file if it is cut, damaged, or has numbers of other formats.
Result<Safetensors> read_safetensors(const std::string& path);

/// Beside `path`, synced, renamed. The same content gives the same bytes. Tensors are in the order of their names.
/// Errors: kInternal, such as a full disk.
Result<void> write_safetensors(const std::string& path, const Safetensors& content);

}  // namespace steward::tune
