#include "steward/model/encoder/weights_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <istream>
#include <streambuf>
#include <type_traits>

#include <fmt/format.h>
#include <ggml.h>

namespace steward::model {
namespace {

constexpr std::uint32_t kU32 = 4, kI32 = 5, kF32 = 6, kText = 8;  // element types of lists

/// Reads bytes in place.
class View : public std::streambuf {
 public:
  explicit View(std::string_view bytes) {
    char* begin = const_cast<char*>(bytes.data());  // never written: no output side
    setg(begin, begin, begin + bytes.size());
  }
};

tl::unexpected<Error> broken(std::string what) { return fail(ErrorCode::kInvalidInput, std::move(what)); }

float half(const unsigned char* at) {
  ggml_fp16_t bits;
  std::memcpy(&bits, at, sizeof bits);
  return ggml_fp16_to_fp32(bits);
}

struct Mapping {
  void* at = nullptr;
  std::size_t bytes = 0;
  Mapping() = default;
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() {
    if (at) munmap(at, bytes);
  }
};

}  // namespace

void StoredMatrix::read_row(std::size_t row, std::span<float> out) const {
  constexpr std::size_t kBlock = 32;
  const unsigned char* at = data_ + row * row_bytes_;
  if (type_ == GGML_TYPE_F32) {
    std::memcpy(out.data(), at, row_bytes_);
  } else if (type_ == GGML_TYPE_F16) {
    for (std::size_t i = 0; i < width_; ++i) out[i] = half(at + 2 * i);
  } else if (type_ == GGML_TYPE_Q8_0) {
    for (std::size_t i = 0; i < width_; i += kBlock, at += 2 + kBlock) {
      const float scale = half(at);
      for (std::size_t j = 0; j < kBlock; ++j) out[i + j] = scale * static_cast<float>(static_cast<signed char>(at[2 + j]));
    }
  } else {  // Q4_0: the low halves of 16 bytes, then the high ones
    for (std::size_t i = 0; i < width_; i += kBlock, at += 2 + kBlock / 2) {
      const float scale = half(at);
      for (std::size_t j = 0; j < kBlock / 2; ++j) {
        out[i + j] = scale * static_cast<float>((at[2 + j] & 15) - 8);
        out[i + j + kBlock / 2] = scale * static_cast<float>((at[2 + j] >> 4) - 8);
      }
    }
  }
}

Result<WeightsFile> WeightsFile::open(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return fail(ErrorCode::kNotFound, fmt::format("there is no model file {}, or it cannot be read", path));
  struct stat info{};
  auto mapping = std::make_shared<Mapping>();
  const bool is_file = fstat(file, &info) == 0 && S_ISREG(info.st_mode);
  int error = 0;
  if (is_file && info.st_size > 0) {
    void* at = mmap(nullptr, static_cast<std::size_t>(info.st_size), PROT_READ, MAP_PRIVATE, file, 0);
    if (at == MAP_FAILED) {
      error = errno;
    } else {
      mapping->at = at;
      mapping->bytes = static_cast<std::size_t>(info.st_size);
    }
  }
  ::close(file);
  if (error != 0) {
    const bool memory = error == ENOMEM;
    return fail(memory ? ErrorCode::kResourceExhausted : ErrorCode::kInternal,
                fmt::format("cannot map {}: {}", path, memory ? "out of memory" : std::strerror(error)));
  }
  if (!mapping->at) return broken(fmt::format("{} is no model file: it is empty, or no file", path));
  auto out = over({static_cast<const char*>(mapping->at), mapping->bytes});
  if (!out) return broken(fmt::format("{} is not a whole model: {}. Make it again", path, out.error().message));
  out->mapping_ = std::shared_ptr<const void>(mapping, mapping->at);
  return out;
}

Result<WeightsFile> WeightsFile::over(std::string_view bytes) {
  View view(bytes);
  std::istream in(&view);
  WeightsFile out;
  out.header_ = TRY(read_gguf_header(in, bytes.size()));
  out.bytes_ = bytes;
  return out;
}

WeightsFile WeightsFile::layered(WeightsFile base, WeightsFile upper) {
  upper.base_ = std::make_shared<const WeightsFile>(std::move(base));
  return upper;
}

const GgufScalar* WeightsFile::scalar(const std::string& key) const {
  const auto at = header_.scalars.find(key);
  return at == header_.scalars.end() ? nullptr : &at->second;
}

Result<std::int64_t> WeightsFile::integer(const std::string& key, std::int64_t least, std::int64_t most) const {
  const GgufScalar* found = scalar(key);
  if (!found && base_) return base_->integer(key, least, most);
  const auto* value = found ? std::get_if<std::int64_t>(found) : nullptr;
  if (!value || *value < least || *value > most)
    return broken(fmt::format("{} in its metadata is missing or not from {} to {}", key, least, most));
  return *value;
}

Result<double> WeightsFile::real(const std::string& key) const {
  const GgufScalar* found = scalar(key);
  if (!found && base_) return base_->real(key);
  const auto* value = found ? std::get_if<double>(found) : nullptr;
  if (!value) return broken(fmt::format("{} in its metadata is missing or no number", key));
  return *value;
}

Result<std::vector<std::string_view>> WeightsFile::texts(const std::string& key) const {
  const auto found = header_.arrays.find(key);
  if (found == header_.arrays.end() && base_) return base_->texts(key);
  if (found == header_.arrays.end() || found->second.type != kText) return broken(fmt::format("{} in its metadata is missing", key));
  std::vector<std::string_view> out;
  out.reserve(found->second.count);
  std::size_t at = found->second.begin;  // the header was checked: all of it lies within the file
  for (std::uint64_t i = 0; i < found->second.count; ++i) {
    std::uint64_t length;
    std::memcpy(&length, bytes_.data() + at, sizeof length);
    out.push_back(bytes_.substr(at + sizeof length, length));
    at += sizeof length + length;
  }
  return out;
}

template <typename T>
Result<std::vector<T>> WeightsFile::numbers(const std::string& key) const {
  constexpr std::uint32_t kType = std::is_same_v<T, float> ? kF32 : std::is_signed_v<T> ? kI32 : kU32;
  const auto found = header_.arrays.find(key);
  if (found == header_.arrays.end() && base_) return base_->numbers<T>(key);
  if (found == header_.arrays.end() || found->second.type != kType) return broken(fmt::format("{} in its metadata is missing", key));
  std::vector<T> out(found->second.count);
  if (!out.empty()) std::memcpy(out.data(), bytes_.data() + found->second.begin, out.size() * sizeof(T));
  return out;
}

template Result<std::vector<float>> WeightsFile::numbers(const std::string&) const;
template Result<std::vector<std::int32_t>> WeightsFile::numbers(const std::string&) const;
template Result<std::vector<std::uint32_t>> WeightsFile::numbers(const std::string&) const;

const GgufTensor* WeightsFile::find(const std::string& name) const {
  for (const GgufTensor& tensor : header_.tensors)
    if (tensor.name == name) return &tensor;
  return nullptr;
}

Result<std::array<std::uint64_t, 4>> WeightsFile::shape(const std::string& name) const {
  const GgufTensor* tensor = find(name);
  if (!tensor && base_) return base_->shape(name);
  if (!tensor) return broken(fmt::format("the tensor {} is missing", name));
  return tensor->shape;
}

Result<StoredMatrix> WeightsFile::matrix(const std::string& name, std::size_t rows, std::size_t width) const {
  if (base_ && !find(name)) return base_->matrix(name, rows, width);
  const auto shape = TRY(this->shape(name));
  if (shape != std::array<std::uint64_t, 4>{width, rows, 1, 1}) return broken(fmt::format("the tensor {} has another shape", name));
  const GgufTensor& tensor = *find(name);
  if (tensor.type != GGML_TYPE_F32 && tensor.type != GGML_TYPE_F16 && tensor.type != GGML_TYPE_Q8_0 && tensor.type != GGML_TYPE_Q4_0)
    return broken(fmt::format("the tensor {} is not in F32, F16, Q8_0 or Q4_0", name));
  StoredMatrix out;
  out.data_ = reinterpret_cast<const unsigned char*>(bytes_.data()) + header_.data_begin + tensor.offset;
  out.rows_ = rows;
  out.width_ = width;
  out.row_bytes_ = tensor.bytes / rows;
  out.type_ = tensor.type;
  return out;
}

Result<std::vector<float>> WeightsFile::vector(const std::string& name, std::size_t count) const {
  const StoredMatrix stored = TRY(matrix(name, 1, count));
  std::vector<float> out(count);
  stored.read_row(0, out);
  for (const float value : out)
    if (!std::isfinite(value)) return broken(fmt::format("the tensor {} holds numbers that are not finite", name));
  return out;
}

}  // namespace steward::model
