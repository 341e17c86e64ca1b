// Headers of GGUF files: whatever is accepted holds only tensors that lie within the file.
#include <cstdint>
#include <sstream>

#include "steward/core/check.h"
#include "steward/model/llama/gguf_header.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::istringstream in(std::string(reinterpret_cast<const char*>(data), size));
  const auto header = steward::model::read_gguf_header(in, size);
  if (!header) return 0;
  STEWARD_CHECK(!header->text("general.architecture").empty());
  for (const auto& tensor : header->tensors) STEWARD_CHECK(tensor.bytes <= size && tensor.offset <= size - tensor.bytes);
  return 0;
}
