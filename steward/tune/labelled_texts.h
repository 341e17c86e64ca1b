#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "steward/classify/dataset.h"
#include "steward/classify/labels.h"
#include "steward/core/result.h"
#include "steward/model/encoder/tokenizer.h"
#include "steward/model/encoder/weights_file.h"
#include "steward/model/encoder/windows.h"

namespace steward::tune {

/// A text that a classifier learns from, as filters read it.
struct LabelledText {
  std::string view;  ///< repaired
  classify::Targets targets;
  float weight = 1;  ///< their mean over all texts is 1
};

struct TextChoice {
  std::string split = "train";
  std::vector<std::string> left_out;  ///< groups of sets that are not trained on
  std::size_t rows_max = 0;           ///< of one set, drawn by the hash of their ids; 0: all
  std::uint64_t seed = 1;
};

/// Rows of one split, of sets that train. A set counts by the square root of its rows, however many of them are taken. Same sets and
/// choice, same texts in the same order.
std::vector<LabelledText> choose_texts(const std::vector<classify::DataSet>& sets, const TextChoice& choice);

/// Cuts texts into windows of token ids as the encoder reads them: begin, the model's prefix, pieces, end.
class WindowCutter {
 public:
  /// file: outlives it. Errors: kInvalidInput if the file has no tokenizer, or a window has no room for a piece.
  static Result<WindowCutter> create(const model::WeightsFile& file, int window_tokens, int stride_tokens, int windows_max);
  /// At least one window.
  std::vector<std::vector<std::int32_t>> cut(std::string_view text) const;

 private:
  std::unique_ptr<model::Tokenizer> tokenizer_;
  std::vector<std::int32_t> head_;
  std::int32_t tail_ = 0;
  model::WindowShape shape_{};
};

}  // namespace steward::tune
