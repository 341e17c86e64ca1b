#include "steward/tune/gguf_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <deque>

#include <fmt/format.h>
#include <ggml.h>
#include <gguf.h>

#include "steward/core/check.h"
#include "steward/core/hash.h"
#include "steward/core/random.h"
#include "steward/model/llama/gguf_header.h"

namespace steward::tune {
namespace {

/// Blocks of 32 numbers: a scale in float16, then 32 signed bytes.
void write_dithered(const float* numbers, std::int64_t count, char* out, std::uint64_t seed) {
  constexpr std::int64_t kBlock = 32;
  constexpr float kMost = 127;
  Random random(seed);
  for (; count > 0; count -= kBlock, numbers += kBlock) {
    float most = 0;
    for (std::int64_t i = 0; i < kBlock; ++i) most = std::max(most, std::abs(numbers[i]));
    const ggml_fp16_t scale = ggml_fp32_to_fp16(most / kMost);
    const float step = ggml_fp16_to_fp32(scale);
    std::memcpy(out, &scale, sizeof scale);
    out += sizeof scale;
    for (std::int64_t i = 0; i < kBlock; ++i) {
      const float exact = step > 0 ? numbers[i] / step : 0;
      const float rounded = std::floor(exact + static_cast<float>(random.uniform()));
      *out++ = static_cast<char>(static_cast<std::int8_t>(std::clamp(rounded, -kMost, kMost)));
    }
  }
}

/// Blocks of Q8_0 with one scale a row, the row's largest number over 127.
void round_rows(const Tensor& matrix, std::string& out) {
  constexpr std::int64_t kBlock = 32;
  char* at = out.data();
  for (std::int64_t i = 0; i < matrix.size(0); ++i) {
    const float* row = matrix.const_data_ptr<float>() + i * matrix.size(1);
    float most = 0;
    for (std::int64_t j = 0; j < matrix.size(1); ++j) most = std::max(most, std::abs(row[j]));
    const ggml_fp16_t scale = ggml_fp32_to_fp16(most / 127);
    const float inverse = most > 0 ? 127 / most : 0;
    for (std::int64_t j = 0; j < matrix.size(1); ++j) {
      if (j % kBlock == 0) {
        std::memcpy(at, &scale, sizeof(scale));
        at += sizeof(scale);
      }
      *at++ = static_cast<char>(std::lrint(row[j] * inverse));
    }
  }
}

}  // namespace

struct GgufWriter::File {
  gguf_context* header = gguf_init_empty();
  ggml_context* tensors = ggml_init({ggml_tensor_overhead() * 65'536, nullptr, true});
  std::deque<std::string> numbers;
  ~File() {
    gguf_free(header);
    ggml_free(tensors);
  }
};

GgufWriter::GgufWriter() : file_(std::make_unique<File>()) {}
GgufWriter::GgufWriter(GgufWriter&&) noexcept = default;
GgufWriter::~GgufWriter() = default;

Result<GgufWriter> GgufWriter::like(const std::string& path) {
  TRY(model::read_gguf_header(path));
  gguf_context* source = gguf_init_from_file(path.c_str(), {true, nullptr});
  if (!source) return fail(ErrorCode::kInvalidInput, fmt::format("{} is no GGUF file that can be read", path));
  GgufWriter out;
  gguf_set_kv(out.file_->header, source);
  gguf_free(source);
  return out;
}

void GgufWriter::set(const std::string& key, const std::string& value) { gguf_set_val_str(file_->header, key.c_str(), value.c_str()); }
void GgufWriter::set(const std::string& key, double value) { gguf_set_val_f32(file_->header, key.c_str(), static_cast<float>(value)); }
void GgufWriter::set_flag(const std::string& key, bool value) { gguf_set_val_bool(file_->header, key.c_str(), value); }
void GgufWriter::set(const std::string& key, std::uint32_t value) { gguf_set_val_u32(file_->header, key.c_str(), value); }

void GgufWriter::set(const std::string& key, std::span<const std::int32_t> values) {
  gguf_set_arr_data(file_->header, key.c_str(), GGUF_TYPE_INT32, values.data(), values.size());
}

void GgufWriter::add(const std::string& name, const Tensor& tensor, NumberFormat format, Rounding rounding) {
  STEWARD_CHECK(tensor.dim() == 1 || tensor.dim() == 2);
  const std::int64_t width = tensor.size(-1), rows = tensor.numel() / width;
  ggml_type type = GGML_TYPE_F32;
  if (tensor.dim() == 2 && format != NumberFormat::kF32) type = GGML_TYPE_F16;
  if (type == GGML_TYPE_F16 && format == NumberFormat::kQ8_0 && width % ggml_blck_size(GGML_TYPE_Q8_0) == 0) type = GGML_TYPE_Q8_0;
  const Tensor plain = tensor.detach().to(at::kCPU, at::kFloat).contiguous();
  std::string& bytes = file_->numbers.emplace_back(ggml_row_size(type, width) * static_cast<std::size_t>(rows), '\0');
  if (type == GGML_TYPE_Q8_0 && rounding == Rounding::kDithered) {
    write_dithered(plain.const_data_ptr<float>(), plain.numel(), bytes.data(), hash64(name));
  } else if (type == GGML_TYPE_Q8_0 && rounding == Rounding::kRows) {
    round_rows(plain, bytes);
  } else {
    ggml_quantize_chunk(type, plain.const_data_ptr<float>(), bytes.data(), 0, rows, width, nullptr);
  }
  ggml_tensor* stored =
      tensor.dim() == 1 ? ggml_new_tensor_1d(file_->tensors, type, width) : ggml_new_tensor_2d(file_->tensors, type, width, rows);
  ggml_set_name(stored, name.c_str());
  stored->data = bytes.data();
  gguf_add_tensor(file_->header, stored);
}

Result<void> GgufWriter::write(const std::string& path) const {
  const std::string part = fmt::format("{}.{}.tmp", path, ::getpid());
  const auto failed = [&](std::string_view what) {
    const int reason = errno;
    ::unlink(part.c_str());
    return fail(ErrorCode::kInternal, fmt::format("cannot {} {}: {}", what, path, std::strerror(reason)));
  };
  std::FILE* file = std::fopen(part.c_str(), "wbe");
  if (!file) return failed("write");
  const bool written = gguf_write_to_file_ptr(file_->header, file, false) && std::fflush(file) == 0 && ::fsync(::fileno(file)) == 0;
  if (std::fclose(file) != 0 || !written) return failed("write");
  if (std::rename(part.c_str(), path.c_str()) != 0) return failed("rename a file to");
  return {};
}

}  // namespace steward::tune
