#include "steward/classify/dense_head.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "steward/core/files.h"
#include "steward/core/hash.h"

namespace steward::classify {
namespace {

constexpr char kMagic[8] = {'S', 'T', 'W', 'D', 'N', 'S', '0', '1'};
constexpr std::size_t kInputsMax = 8192, kHiddenMax = 8192;

struct Header {
  char magic[8];
  std::uint32_t inputs, hidden, labels, reserved;
  char trunk[64];
  char names[kLabelCount][24];
  std::uint8_t trained[kLabelCount];
};

std::size_t floats_of(std::size_t inputs, std::size_t hidden) { return inputs * hidden + hidden + hidden * kLabelCount + kLabelCount; }

void take(const char*& from, float* to, std::size_t count) {
  std::memcpy(to, from, count * sizeof(float));
  from += count * sizeof(float);
}

void append(std::string& bytes, const float* from, std::size_t count) {
  bytes.append(reinterpret_cast<const char*>(from), count * sizeof(float));
}

}  // namespace

LabelScores score_dense(const DenseWeights& weights, std::span<const float> embedding) {
  static thread_local std::vector<float> hidden;
  hidden = weights.b1;
  for (std::size_t i = 0; i < weights.inputs; ++i) {
    const float x = embedding[i];
    const float* row = &weights.w1[i * weights.hidden];
    for (std::size_t h = 0; h < weights.hidden; ++h) hidden[h] += x * row[h];
  }
  LabelScores scores = weights.b2;
  for (std::size_t h = 0; h < weights.hidden; ++h) {
    if (hidden[h] <= 0) continue;
    const float* row = &weights.w2[h * kLabelCount];
    for (std::size_t label = 0; label < kLabelCount; ++label) scores[label] += hidden[h] * row[label];
  }
  for (std::size_t label = 0; label < kLabelCount; ++label)
    if (!weights.trained[label]) scores[label] = std::numeric_limits<float>::quiet_NaN();
  return scores;
}

LabelScores DenseHead::score(std::span<const float> embedding) const { return score_dense(weights_, embedding); }

Result<std::unique_ptr<const DenseHead>> DenseHead::open(const std::string& path, std::string_view trunk_digest) {
  const std::string bytes = TRY(read_file(path));
  const auto unfit = [&] {
    return fail(ErrorCode::kInvalidInput, fmt::format("{} holds no heads of this version: train them anew", path));
  };
  Header header;
  if (bytes.size() < sizeof(header)) return unfit();
  std::memcpy(&header, bytes.data(), sizeof(header));
  bool fits = std::memcmp(header.magic, kMagic, sizeof(kMagic)) == 0 && header.labels == kLabelCount && header.inputs <= kInputsMax &&
              header.hidden <= kHiddenMax && bytes.size() == sizeof(header) + floats_of(header.inputs, header.hidden) * sizeof(float);
  for (std::size_t i = 0; fits && i < kLabelCount; ++i)
    fits = std::string_view(header.names[i], strnlen(header.names[i], sizeof(header.names[i]))) == kLabels[i];
  if (!fits) return unfit();
  if (std::string_view(header.trunk, sizeof(header.trunk)) != trunk_digest)
    return fail(ErrorCode::kInvalidInput, fmt::format("{} was trained on another encoder: its heads mean nothing on this one", path));
  DenseWeights weights;
  weights.inputs = header.inputs;
  weights.hidden = header.hidden;
  weights.w1.resize(weights.inputs * weights.hidden);
  weights.b1.resize(weights.hidden);
  weights.w2.resize(weights.hidden * kLabelCount);
  const char* at = bytes.data() + sizeof(header);
  take(at, weights.w1.data(), weights.w1.size());
  take(at, weights.b1.data(), weights.b1.size());
  take(at, weights.w2.data(), weights.w2.size());
  take(at, weights.b2.data(), weights.b2.size());
  for (std::size_t i = 0; i < kLabelCount; ++i) weights.trained[i] = header.trained[i] != 0;
  return std::unique_ptr<const DenseHead>(new DenseHead(std::move(weights), hex(sha256(bytes))));
}

Result<void> write_dense_head(const std::string& path, const DenseWeights& weights, std::string_view trunk_digest) {
  Header header{};
  std::memcpy(header.magic, kMagic, sizeof(kMagic));
  header.inputs = static_cast<std::uint32_t>(weights.inputs);
  header.hidden = static_cast<std::uint32_t>(weights.hidden);
  header.labels = kLabelCount;
  trunk_digest.copy(header.trunk, sizeof(header.trunk));
  for (std::size_t i = 0; i < kLabelCount; ++i) {
    kLabels[i].copy(header.names[i], sizeof(header.names[i]) - 1);
    header.trained[i] = weights.trained[i] ? 1 : 0;
  }
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof(header));
  append(bytes, weights.w1.data(), weights.w1.size());
  append(bytes, weights.b1.data(), weights.b1.size());
  append(bytes, weights.w2.data(), weights.w2.size());
  append(bytes, weights.b2.data(), weights.b2.size());
  return write_file_atomic(path, bytes);
}

}  // namespace steward::classify
