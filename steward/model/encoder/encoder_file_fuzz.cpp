// Files of encoders: whatever opens also encodes, and its windows cover the text.
#include <cstdint>
#include <string_view>

#include "steward/core/check.h"
#include "steward/model/encoder/open.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace steward::model;
  auto file = WeightsFile::over({reinterpret_cast<const char*>(data), size});
  if (!file) return 0;
  const auto encoder = open_encoder(*std::move(file), {.window_tokens = 16, .stride_tokens = 4});
  if (!encoder) return 0;
  const std::string_view text = "a ab b \xC3\xA9\xE7\x8C\xAB, \xFF b";
  const auto windows = (*encoder)->encode({&text, 1});
  STEWARD_CHECK(windows && windows->at(0).front().span.begin == 0 && windows->at(0).back().span.end == text.size());
  return 0;
}
