#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "steward/core/result.h"
#include "steward/text/mapped_text.h"

namespace steward::model {

/// One window of a text as the encoder saw it.
struct EncodedWindow {
  text::Span span;               ///< bytes of the text that it covers: whole characters
  std::vector<float> embedding;  ///< [width] means over the window's tokens of the pooled layers' hidden states, not normalised
};

struct EncoderOptions {
  std::string trunk =
      "";          ///< file of layers that were tuned (write_trunk in steward/tune), which stand in for those of the file; empty: none
  int layers = 0;  ///< 0: all; else only the first ones, which costs and knows less
  /// Whose states are averaged and stand one behind the other, from 1, ascending; empty: those that the file names, else the last.
  std::vector<int> pooled_layers = {};
  int window_tokens = 256;  ///< with the tokens that the model adds at the ends; at least 16, at most what the model has positions for
  int stride_tokens = 192;  ///< from the begin of a window to that of the next; at most window_tokens less what is added
  int windows_max = 32;     ///< for one text
};

/// Turns texts into vectors for classifiers. The same text gives the same bits on the same machine, alone or beside others.
class Encoder {
 public:
  virtual ~Encoder() = default;
  virtual std::size_t width() const = 0;
  /// Layers that run.
  virtual int layers() const = 0;
  virtual const std::vector<int>& pooled_layers() const = 0;
  /// SHA-256 of the file in hex; with a tuned trunk, of both files' digests.
  virtual const std::string& digest() const = 0;
  virtual const std::string& name() const = 0;
  /// The windows of each text, in order; at least one for every text, also for an empty one. Windows overlap and cover the whole text,
  /// unless it needs more than `windows_max`: then the first half of the windows (rounded up) and the last half of them are kept, and
  /// what lies between is left out. Texts of one call run as one batch. Texts should be folded (text::fold).
  /// Thread-safe; computes on the calling thread only.
  /// Errors: kTooLarge for a text of 4 GB or more; kInternal if the library fails.
  virtual Result<std::vector<std::vector<EncodedWindow>>> encode(std::span<const std::string_view> texts) const = 0;
};

/// Opens a GGUF file of architecture `bert`, as tools/encoder/convert.py writes them. The file stays mapped: do not write to it.
/// Errors: kNotFound; kInvalidInput that names the file, for a damaged or unsuitable model and for options that do not fit it.
Result<std::unique_ptr<Encoder>> open_encoder(const std::string& path, const EncoderOptions& options);

}  // namespace steward::model
