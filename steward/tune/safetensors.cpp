#include "steward/tune/safetensors.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "steward/core/check.h"

namespace steward::tune {
namespace {

constexpr std::uint64_t kHeaderBytesMax = 64u << 20;
constexpr std::size_t kLengthBytes = 8, kAlignment = 8;

struct Format {
  const char* name;
  at::ScalarType type;
};
constexpr Format kFormats[] = {{"F32", at::kFloat}, {"F16", at::kHalf}, {"BF16", at::kBFloat16}, {"I64", at::kLong}};

tl::unexpected<Error> invalid(const std::string& path, std::string_view what) {
  return fail(ErrorCode::kInvalidInput, fmt::format("{}: {}", path, what));
}

/// Where a tensor stands, checked against the file.
struct Entry {
  at::ScalarType type = at::kFloat;
  std::vector<std::int64_t> size;
  std::uint64_t begin = 0, bytes = 0;
};

Result<Entry> read_entry(const json::Value& value, std::uint64_t data_bytes) {
  const auto broken = [] { return fail(ErrorCode::kInvalidInput, "its header does not say where its tensors are: it is damaged"); };
  if (!value.is_object()) return broken();
  const std::string dtype = TRY(json::get_string(value.get_object(), "dtype")).value_or("");
  const json::Array* shape = TRY(json::get_array(value.get_object(), "shape"));
  const json::Array* offsets = TRY(json::get_array(value.get_object(), "data_offsets"));
  if (!shape || !offsets || offsets->size() != 2 || shape->size() > 8) return broken();
  Entry out;
  const auto* format = std::find_if(std::begin(kFormats), std::end(kFormats), [&](const Format& known) { return dtype == known.name; });
  if (format == std::end(kFormats)) return fail(ErrorCode::kInvalidInput, "it has numbers that are not F32, F16, BF16 or I64");
  out.type = format->type;
  std::uint64_t count = 1;
  for (const json::Value& length : *shape) {
    if (!length.is_int64() || length.get_int64() < 0 || length.get_int64() > std::int64_t{1} << 32) return broken();
    out.size.push_back(length.get_int64());
    if (__builtin_mul_overflow(count, static_cast<std::uint64_t>(length.get_int64()), &count) || count > data_bytes) return broken();
  }
  if (!(*offsets)[0].is_int64() || !(*offsets)[1].is_int64()) return broken();
  const std::int64_t begin = (*offsets)[0].get_int64(), end = (*offsets)[1].get_int64();
  out.bytes = count * c10::elementSize(out.type);
  if (begin < 0 || end < begin || static_cast<std::uint64_t>(end) > data_bytes || static_cast<std::uint64_t>(end - begin) != out.bytes)
    return broken();
  out.begin = static_cast<std::uint64_t>(begin);
  return out;
}

/// Writes to a file that goes unless it is kept.
class Part {
 public:
  explicit Part(std::string path) : path_(std::move(path)), file_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) {}
  ~Part() {
    if (file_ >= 0) ::close(file_);
    if (!kept_) ::unlink(path_.c_str());
  }
  Part(const Part&) = delete;
  Part& operator=(const Part&) = delete;
  bool write(const void* bytes, std::size_t count) {
    const char* at = static_cast<const char*>(bytes);
    while (file_ >= 0 && count > 0) {
      const ssize_t done = ::write(file_, at, count);
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) return false;
      at += done;
      count -= static_cast<std::size_t>(done);
    }
    return file_ >= 0;
  }
  bool keep_as(const std::string& path) { return kept_ = ::fsync(file_) == 0 && ::rename(path_.c_str(), path.c_str()) == 0; }

 private:
  std::string path_;
  int file_;
  bool kept_ = false;
};

}  // namespace

Result<Safetensors> read_safetensors(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::error_code error;
  const std::uint64_t file_bytes = std::filesystem::file_size(path, error);
  if (!in || error) return fail(ErrorCode::kNotFound, fmt::format("cannot open {}", path));
  std::uint64_t header_bytes = 0;
  if (!in.read(reinterpret_cast<char*>(&header_bytes), kLengthBytes) || header_bytes > std::min(kHeaderBytesMax, file_bytes - kLengthBytes))
    return invalid(path, "it is no safetensors file, or ends in its header");
  std::string header(header_bytes, '\0');
  if (!in.read(header.data(), static_cast<std::streamsize>(header_bytes))) return invalid(path, "it ends in its header");
  const auto parsed = json::parse(header, {.bytes_max = kHeaderBytesMax});
  if (!parsed || !parsed->is_object()) return invalid(path, "its header is no JSON object: it is damaged");
  const std::uint64_t data_begin = kLengthBytes + header_bytes;
  Safetensors out;
  for (const auto& [key, value] : parsed->get_object()) {
    const std::string name(key);
    if (name == "__metadata__") {
      if (!value.is_object()) return invalid(path, "its metadata is no JSON object");
      for (const auto& [field, text] : value.get_object())
        if (text.is_string()) out.metadata.emplace(field, text.get_string());
      continue;
    }
    const auto entry = read_entry(value, file_bytes - data_begin);
    if (!entry) return invalid(path, entry.error().message);
    Tensor tensor = at::empty(entry->size, entry->type);
    in.seekg(static_cast<std::streamoff>(data_begin + entry->begin));
    if (!in.read(static_cast<char*>(tensor.data_ptr()), static_cast<std::streamsize>(entry->bytes)))
      return invalid(path, "it ends before its last tensor");
    out.tensors.emplace(name, std::move(tensor));
  }
  return out;
}

Result<void> write_safetensors(const std::string& path, const Safetensors& content) {
  json::Object header, metadata;
  for (const auto& [key, value] : content.metadata) metadata[key] = value;
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t at = 0;
  std::vector<Tensor> plain;
  for (const auto& [name, tensor] : content.tensors) {
    plain.push_back(tensor.detach().to(at::kCPU).contiguous());
    const auto* format =
        std::find_if(std::begin(kFormats), std::end(kFormats), [&](const Format& known) { return tensor.scalar_type() == known.type; });
    STEWARD_CHECK(format != std::end(kFormats));
    json::Array size;
    for (const std::int64_t length : tensor.sizes()) size.emplace_back(length);
    header[name] = json::Object{{"dtype", format->name}, {"shape", size}, {"data_offsets", json::Array{at, at + tensor.nbytes()}}};
    at += tensor.nbytes();
  }
  std::string text = json::dump(header);
  text.resize((text.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');
  const std::uint64_t header_bytes = text.size();
  Part part(fmt::format("{}.{}.tmp", path, ::getpid()));
  bool good = part.write(&header_bytes, kLengthBytes) && part.write(text.data(), text.size());
  for (const Tensor& tensor : plain) good = good && part.write(tensor.const_data_ptr(), tensor.nbytes());
  if (!good || !part.keep_as(path)) return fail(ErrorCode::kInternal, fmt::format("cannot write {}: {}", path, std::strerror(errno)));
  return {};
}

}  // namespace steward::tune
