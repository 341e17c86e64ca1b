#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "steward/core/result.h"
#include "steward/tune/torch.h"

namespace steward::tune {

enum class NumberFormat {
  kF32,
  kF16,
  kQ8_0,
  kQ8_0Rows  ///< Q8_0 whose blocks have the scale of their whole row: what `model/encoder` rounds a row to, so that it serves these very
             ///< numbers
};

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
  /// tensor: [n] or [rows, n]. Rows that are no whole blocks of Q8_0 are written as F16; vectors always as F32.
  void add(const std::string& name, const Tensor& tensor, NumberFormat format);
  /// Beside `path`, synced, renamed. Errors: kInternal, such as a full disk.
  Result<void> write(const std::string& path) const;

 private:
  struct File;
  std::unique_ptr<File> file_;
};

}  // namespace steward::tune
