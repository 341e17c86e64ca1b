// Bytes of a server: the same reply, whether they come at once or one by one.
#include <cstdint>
#include <string>

#include "steward/core/check.h"
#include "steward/net/reply_reader.h"

namespace {

using steward::net::ReplyReader;

struct Collector final : steward::net::ReplySink {
  void take_head(const steward::net::ReplyHead& head) override {
    text += std::to_string(head.status) + " " + std::string(head.content_type) + " " + std::string(head.retry_after) + "\n";
  }
  void take_body(std::string_view bytes) override { text += bytes; }
  std::string text;
};

/// The reply in `bytes`, fed `step` bytes at a time, or that there is none.
std::string read_all(std::string_view bytes, std::size_t step, const ReplyReader::Limits& limits) {
  ReplyReader reader(limits);
  Collector out;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    const auto state = reader.feed(bytes.substr(at, step), out);
    if (state == ReplyReader::State::kDone || state == ReplyReader::State::kFailed) break;
  }
  return reader.end() == ReplyReader::State::kDone ? out.text : "none";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const ReplyReader::Limits wide{8192, 8192};
  STEWARD_CHECK(read_all(bytes, size + 1, wide) == read_all(bytes, 1, wide));
  const ReplyReader::Limits narrow{64, 32};
  const std::string bounded = read_all(bytes, 7, narrow);
  STEWARD_CHECK(bounded.size() <= 3 + 2 + 1 + 64 + 32);
  return 0;
}
