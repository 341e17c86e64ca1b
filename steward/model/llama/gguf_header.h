#pragma once

#include <array>
#include <cstdint>
#include <istream>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "steward/core/result.h"

namespace steward::model {

/// A scalar of a file's metadata. Integers of every width and sign that fit are int64.
using GgufScalar = std::variant<std::int64_t, double, bool, std::string>;

struct GgufTensor {
  std::string name;
  std::array<std::uint64_t, 4> shape = {1, 1, 1, 1};  ///< length of a row first
  std::uint32_t type = 0;                             ///< number format, a ggml_type
  std::uint64_t offset = 0;                           ///< in the data section
  std::uint64_t bytes = 0;
};

/// A list of a file's metadata. All of its texts lie within the file.
struct GgufArray {
  std::uint64_t count = 0;
  std::uint32_t type = 0;   ///< of its elements, by the format's numbers
  std::uint64_t begin = 0;  ///< of the first element, in the file
};

/// What stands before the weights of a GGUF file, checked against the file's own size.
struct GgufHeader {
  std::uint32_t version = 0;
  std::map<std::string, GgufScalar> scalars;
  std::map<std::string, GgufArray> arrays;
  std::vector<GgufTensor> tensors;
  std::uint64_t data_begin = 0;  ///< of the data section, in the file
  /// Empty when missing or no string.
  std::string text(const std::string& key) const;
};

/// Reads and checks a header before llama.cpp sees the file, so that a file that was cut or damaged is an error in words: counts,
/// lengths, types and offsets are held against `file_bytes` before anything is allocated for them.
/// Errors: kInvalidInput.
Result<GgufHeader> read_gguf_header(std::istream& in, std::uint64_t file_bytes);

/// The same for a file. Errors: kNotFound; kInvalidInput that names the file.
Result<GgufHeader> read_gguf_header(const std::string& path);

}  // namespace steward::model
