#include "steward/core/packed_lines.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>
#include <zstd.h>

#include "steward/core/files.h"

namespace steward {
namespace {

constexpr std::size_t kBytesMax = std::size_t{1} << 30;
constexpr int kLevel = 19;

Result<std::string> unpack(const std::string& packed, const std::string& path) {
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), &ZSTD_freeDCtx);
  std::string out, buffer(ZSTD_DStreamOutSize(), '\0');
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  std::size_t pending = 1;
  while (in.pos < in.size) {
    ZSTD_outBuffer chunk{buffer.data(), buffer.size(), 0};
    pending = ZSTD_decompressStream(context.get(), &chunk, &in);
    if (ZSTD_isError(pending))
      return fail(ErrorCode::kInvalidInput, fmt::format("{} is not a zstd file: {}", path, ZSTD_getErrorName(pending)));
    out.append(buffer.data(), chunk.pos);
    if (out.size() > kBytesMax) return fail(ErrorCode::kTooLarge, fmt::format("{} unpacks to more than 1 GiB", path));
  }
  if (pending != 0) return fail(ErrorCode::kInvalidInput, fmt::format("{} is cut short: fetch it again", path));
  return out;
}

}  // namespace

Result<std::string> read_maybe_packed(const std::string& path) {
  std::string bytes = TRY(read_file(path, kBytesMax));
  constexpr std::string_view kMagic = "\x28\xb5\x2f\xfd";
  if (!bytes.starts_with(kMagic)) return bytes;
  return unpack(bytes, path);
}

Result<std::vector<std::string>> read_packed_lines(const std::string& path) {
  const std::string packed = TRY(read_file(path));
  const std::string text = TRY(unpack(packed, path));
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (end > at) lines.emplace_back(text, at, end - at);
    at = end + 1;
  }
  return lines;
}

Result<void> write_packed_lines(const std::string& path, const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) (text += line) += '\n';
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  const std::size_t size = ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), kLevel);
  if (ZSTD_isError(size)) return fail(ErrorCode::kInternal, fmt::format("{} could not be packed: {}", path, ZSTD_getErrorName(size)));
  packed.resize(size);
  return write_file_atomic(path, packed);
}

}  // namespace steward
