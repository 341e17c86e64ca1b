// YAML files: read or refused with a place, never anything else.
#include <cstdint>

#include "steward/core/check.h"
#include "steward/core/yaml.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto node = steward::yaml::parse({reinterpret_cast<const char*>(data), size}, "fuzz.yaml");
  if (!node) STEWARD_CHECK(node.error().message.find("fuzz.yaml") != std::string::npos);
  return 0;
}
