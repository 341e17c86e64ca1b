#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "steward/core/result.h"
#include "steward/tune/torch.h"

namespace steward::tune {

enum class NumberFormat { kF32, kF16, kQ8_0 };

/// Of Q8_0. kDithered: up or down by chance, so that on average nothing is lost; the chance depends on the tensor's name alone. A base that
/// came from Q8_0 lies on the format's grid, and a small change to it is rounded away to nothing by kNearest.
/// kRows: to nearest, with one scale for all blocks of a row; `model/encoder` rounds a row in this way, so that it serves these very
/// numbers.
enum class Rounding { kNearest, kDithered, kRows };

/// A GGUF file in the making.
class GgufWriter {
 public:
  GgufWriter();
  /// With all metadata of another file, tokenizer and chat template included. Errors: kInvalidInput, kNotFound.
  static Result<GgufWriter> like(const std::string& path);
  GgufWriter(GgufWriter&&) noexcept;
  ~GgufWriter();

  void set(const std::string& key, const std::string& value);
  void set(const std::string& key, double value);  ///< as float32
  void set(const std::string& key, std::uint32_t value);
  void set(const std::string& key, std::span<const std::int32_t> values);
  void set_flag(const std::string& key, bool value);
  /// tensor: [n] or [rows, n]. Rows that are no whole blocks of Q8_0 are written as F16; vectors always as F32.
  void add(const std::string& name, const Tensor& tensor, NumberFormat format, Rounding rounding = Rounding::kNearest);
  /// Beside `path`, synced, renamed. Errors: kInternal, such as a full disk.
  Result<void> write(const std::string& path) const;

 private:
  struct File;
  std::unique_ptr<File> file_;
};

}  // namespace steward::tune
