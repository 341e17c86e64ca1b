#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "steward/core/result.h"
#include "steward/model/llama/gguf_header.h"

namespace steward::model {

/// A matrix in a file: `rows` rows of `width` numbers in F32, F16, Q8_0 or Q4_0.
class StoredMatrix {
 public:
  std::size_t rows() const { return rows_; }
  std::size_t width() const { return width_; }
  /// out: [width]. row: below rows().
  void read_row(std::size_t row, std::span<float> out) const;

 private:
  friend class WeightsFile;
  const unsigned char* data_ = nullptr;
  std::size_t rows_ = 0, width_ = 0, row_bytes_ = 0;
  std::uint32_t type_ = 0;
};

/// A GGUF file in memory, its header checked. Values that it hands out point into it.
class WeightsFile {
 public:
  /// Maps the file. Errors: kNotFound; kInvalidInput.
  static Result<WeightsFile> open(const std::string& path);
  /// bytes: outlive the file.
  static Result<WeightsFile> over(std::string_view bytes);
  /// `upper` lies over `base`: what both have is read from `upper`.
  static WeightsFile layered(WeightsFile base, WeightsFile upper);

  /// Of this file alone, without what it lies over.
  const GgufHeader& header() const { return header_; }
  /// The numbers of a tensor of the header, as they stand in the file.
  std::string_view bytes_of(const GgufTensor& tensor) const { return bytes_.substr(header_.data_begin + tensor.offset, tensor.bytes); }
  std::string text(const std::string& key) const { return scalar(key) || !base_ ? header_.text(key) : base_->text(key); }
  Result<std::int64_t> integer(const std::string& key, std::int64_t least, std::int64_t most) const;
  Result<double> real(const std::string& key) const;
  bool has_array(const std::string& key) const { return header_.arrays.contains(key) || (base_ && base_->has_array(key)); }
  Result<std::vector<std::string_view>> texts(const std::string& key) const;
  /// T: float, std::uint32_t or std::int32_t, as the file has it.
  template <typename T>
  Result<std::vector<T>> numbers(const std::string& key) const;

  Result<StoredMatrix> matrix(const std::string& name, std::size_t rows, std::size_t width) const;
  /// The numbers of a tensor of `count` numbers, all finite.
  Result<std::vector<float>> vector(const std::string& name, std::size_t count) const;
  /// Shape of a tensor, row length first. Errors: kInvalidInput if there is none.
  Result<std::array<std::uint64_t, 4>> shape(const std::string& name) const;

 private:
  const GgufTensor* find(const std::string& name) const;
  const GgufScalar* scalar(const std::string& key) const;

  GgufHeader header_;
  std::shared_ptr<const void> mapping_;  // shared only so that the deleter unmaps and the file can be moved
  std::string_view bytes_;
  std::shared_ptr<const WeightsFile> base_;  // shared for the same reason; null if there is none
};

}  // namespace steward::model
