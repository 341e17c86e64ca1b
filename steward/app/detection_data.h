#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "steward/classify/dataset.h"
#include "steward/classify/evaluation.h"
#include "steward/core/result.h"
#include "steward/filters/injection/evidence.h"
#include "steward/model/encoder/encoder.h"

namespace steward::app {

/// The texts that the models read one by one of an example, in the repaired view: its first 8 KiB, replies piece by piece, as the filter
/// does it on streams.
std::vector<std::string> texts_read(std::string_view whole, classify::Part part);

/// All data sets with what the two learned tiers see of each text, computed once.
class DetectionData {
 public:
  /// Texts are read up to this length. Embeddings are kept in `cache_file` (empty: nowhere) and used again while texts and trunk are the
  /// same. `encoder` may be null: there are no embeddings then. Errors: of reading; the encoder's.
  static Result<std::unique_ptr<DetectionData>> load(const std::string& folder, const model::Encoder* encoder,
                                                     const std::string& cache_file);

  const std::vector<classify::DataSet>& sets() const { return sets_; }
  const classify::Example& example(const classify::Place& place) const { return sets_[place.set].examples[place.row]; }
  /// Rows of features of each part that the linear tier reads.
  const std::vector<std::vector<std::uint32_t>>& parts(const classify::Place& place) const { return parts_[place.set][place.row]; }
  /// [windows][width]
  std::span<const float> windows(const classify::Place& place) const;
  /// What speaks for an attack.
  const std::vector<filters::Evidence>& evidence(const classify::Place& place) const { return evidence_[place.set][place.row]; }
  /// Who speaks in it.
  filters::Voice speaker(const classify::Place& place) const;
  std::size_t width() const { return width_; }
  std::size_t windows_in_all() const { return width_ == 0 ? 0 : embeddings_.size() / width_; }

 private:
  Result<void> embed(const model::Encoder& encoder, const std::string& cache_file);

  std::vector<classify::DataSet> sets_;
  std::vector<std::vector<std::vector<std::vector<std::uint32_t>>>> parts_;
  std::vector<std::vector<std::vector<filters::Evidence>>> evidence_;
  std::vector<std::vector<std::vector<std::string>>> repaired_;  ///< only while loading
  std::vector<std::vector<std::size_t>> ends_;                   ///< per set and row, in windows
  std::vector<float> embeddings_;
  std::size_t width_ = 0;
};

}  // namespace steward::app
