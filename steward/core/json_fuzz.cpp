// JSON bodies: what parses is written and read back as the same value.
#include <cstdint>

#include "steward/core/check.h"
#include "steward/core/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto value = steward::json::parse({reinterpret_cast<const char*>(data), size});
  if (!value) return 0;
  const std::string canonical = steward::json::dump_canonical(*value);
  const auto again = steward::json::parse(canonical);
  STEWARD_CHECK(again.has_value());
  STEWARD_CHECK(steward::json::dump_canonical(*again) == canonical);
  return 0;
}
