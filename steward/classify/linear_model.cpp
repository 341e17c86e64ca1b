#include "steward/classify/linear_model.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "steward/core/files.h"
#include "steward/core/hash.h"

namespace steward::classify {
namespace {

constexpr char kMagic[8] = {'S', 'T', 'W', 'L', 'I', 'N', '0', '1'};
/// A row is padded so that it is one half of a cache line.
constexpr std::size_t kRowBytes = 32;
static_assert(kLabelCount <= kRowBytes);

struct Header {
  char magic[8];
  std::uint32_t word_rows, char_rows, labels, reserved;
  char names[kRowBytes][24];  ///< of the labels, padded with zeros
  float scale[kRowBytes];
  float bias[kRowBytes];  ///< NaN: no head
};

/// Sum of the rows of a text. Plain loops over a row vectorise.
using Sums = std::array<std::int32_t, kRowBytes>;

Sums sum_rows(const std::int8_t* table, const std::vector<Feature>& features) {
  Sums sums{};
  std::array<std::int16_t, kRowBytes> part{};
  std::size_t in_part = 0;
  for (const Feature& feature : features) {
    const std::int8_t* row = table + std::size_t{feature.row} * kRowBytes;
    for (std::size_t i = 0; i < kRowBytes; ++i) part[i] = static_cast<std::int16_t>(part[i] + row[i]);
    if (++in_part == 255) {  // 255 · 128 still fits
      for (std::size_t i = 0; i < kRowBytes; ++i) sums[i] += part[i];
      part.fill(0);
      in_part = 0;
    }
  }
  for (std::size_t i = 0; i < kRowBytes; ++i) sums[i] += part[i];
  return sums;
}

FeatureReader& reader_of_thread() {
  static thread_local FeatureReader reader;
  return reader;
}

}  // namespace

struct LinearModel::Mapping {
  const void* bytes = nullptr;
  std::size_t size = 0;
  std::string digest;

  ~Mapping() {
    if (bytes) ::munmap(const_cast<void*>(bytes), size);
  }
  const Header& header() const { return *static_cast<const Header*>(bytes); }
  const std::int8_t* table() const { return static_cast<const std::int8_t*>(bytes) + sizeof(Header); }
};

LinearModel::LinearModel(std::unique_ptr<Mapping> mapping) : mapping_(std::move(mapping)) {}
LinearModel::~LinearModel() = default;

Result<std::unique_ptr<const LinearModel>> LinearModel::open(const std::string& path) {
  auto mapping = std::make_unique<Mapping>();
  mapping->digest = TRY(sha256_file_hex(path));
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return fail(ErrorCode::kNotFound, fmt::format("{} cannot be opened", path));
  struct stat status{};
  const bool known = ::fstat(file, &status) == 0;
  mapping->size = known ? static_cast<std::size_t>(status.st_size) : 0;
  constexpr std::size_t kSize = sizeof(Header) + kFeatureRows * kRowBytes;
  void* bytes = mapping->size == kSize ? ::mmap(nullptr, kSize, PROT_READ, MAP_PRIVATE, file, 0) : MAP_FAILED;
  ::close(file);
  if (bytes == MAP_FAILED) return fail(ErrorCode::kInvalidInput, fmt::format("{} is no linear model of this version: train it anew", path));
  mapping->bytes = bytes;
  const Header& header = mapping->header();
  bool fits = std::memcmp(header.magic, kMagic, sizeof(kMagic)) == 0 && header.word_rows == kWordRows && header.char_rows == kCharRows &&
              header.labels == kLabelCount;
  for (std::size_t i = 0; fits && i < kLabelCount; ++i)
    fits = std::string_view(header.names[i], strnlen(header.names[i], sizeof(header.names[i]))) == kLabels[i];
  if (!fits) return fail(ErrorCode::kInvalidInput, fmt::format("{} is no linear model of this version: train it anew", path));
  return std::unique_ptr<const LinearModel>(new LinearModel(std::move(mapping)));
}

bool LinearModel::has(std::size_t label) const { return !std::isnan(mapping_->header().bias[label]); }
const std::string& LinearModel::digest() const { return mapping_->digest; }

LabelScores LinearModel::score(std::string_view text) const {
  const std::vector<Feature>& features = reader_of_thread().read(text);
  const Sums sums = sum_rows(mapping_->table(), features);
  const float norm = features.empty() ? 0 : 1 / std::sqrt(static_cast<float>(features.size()));
  const Header& header = mapping_->header();
  LabelScores scores;
  for (std::size_t i = 0; i < kLabelCount; ++i) scores[i] = header.bias[i] + static_cast<float>(sums[i]) * header.scale[i] * norm;
  return scores;
}

std::vector<text::Span> LinearModel::explain(std::string_view text, std::size_t label, std::size_t count_max) const {
  std::vector<Feature> features = reader_of_thread().read(text);
  const auto weight = [&](const Feature& feature) { return mapping_->table()[std::size_t{feature.row} * kRowBytes + label]; };
  std::stable_sort(features.begin(), features.end(), [&](const Feature& a, const Feature& b) { return weight(a) > weight(b); });
  std::vector<text::Span> spans;
  for (const Feature& feature : features) {
    if (spans.size() == count_max || weight(feature) <= 0) break;
    const bool overlaps = std::any_of(
        spans.begin(), spans.end(), [&](const text::Span& span) { return feature.span.begin < span.end && span.begin < feature.span.end; });
    if (!overlaps) spans.push_back(feature.span);
  }
  return spans;
}

Result<void> write_linear_model(const std::string& path, const LinearWeights& weights) {
  Header header{};
  std::memcpy(header.magic, kMagic, sizeof(kMagic));
  header.word_rows = kWordRows;
  header.char_rows = kCharRows;
  header.labels = kLabelCount;
  std::string table(kFeatureRows * kRowBytes, '\0');
  for (std::size_t label = 0; label < kLabelCount; ++label) {
    kLabels[label].copy(header.names[label], sizeof(header.names[label]) - 1);
    header.bias[label] = weights.trained[label] ? weights.bias[label] : std::numeric_limits<float>::quiet_NaN();
    float largest = 0;
    for (std::size_t row = 0; row < kFeatureRows; ++row) largest = std::max(largest, std::abs(weights.table[row * kLabelCount + label]));
    header.scale[label] = largest / 127;
    if (!weights.trained[label] || largest == 0) continue;
    for (std::size_t row = 0; row < kFeatureRows; ++row)
      table[row * kRowBytes + label] = static_cast<char>(std::lround(weights.table[row * kLabelCount + label] / header.scale[label]));
  }
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof(header));
  bytes += table;
  return write_file_atomic(path, bytes);
}

}  // namespace steward::classify
