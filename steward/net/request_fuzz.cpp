// Bytes of a connection: the same requests, whether they come at once or one by one.
#include <cstdint>
#include <string>

#include "steward/core/check.h"
#include "steward/net/request_reader.h"

namespace {

/// The requests in `bytes`, fed `step` bytes at a time, in a line each; ends at the first that fails.
std::string read_all(std::string_view bytes, std::size_t step) {
  std::string out, input;
  std::size_t at = 0;
  while (true) {
    steward::net::RequestReader reader({.header_bytes_max = 1024, .body_bytes_max = 4096});
    auto state = reader.feed(input);
    while (state != steward::net::RequestReader::State::kDone && state != steward::net::RequestReader::State::kFailed) {
      if (at == bytes.size()) return out;
      input += bytes.substr(at, step);
      at = std::min(bytes.size(), at + step);
      state = reader.feed(input);
    }
    if (state == steward::net::RequestReader::State::kFailed) return out;
    const auto request = reader.take_request();
    out += request.method + " " + request.path + " " + request.body + "\n";
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 16384) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  // A mistake may be seen early or late, and by another rule first; which requests are answered is the same.
  STEWARD_CHECK(read_all(bytes, size + 1) == read_all(bytes, 1));
  return 0;
}
