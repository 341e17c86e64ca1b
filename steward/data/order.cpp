#include "steward/data/order.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "steward/core/random.h"

namespace steward::data {
namespace {

/// Independent streams for each epoch and use of one seed.
Random random_of(std::uint64_t seed, std::uint64_t epoch, std::uint64_t use) {
  return Random(Random(Random(seed).next() ^ epoch).next() ^ use);
}

void shuffle(std::vector<std::size_t>& values, Random random) {
  for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[random.below(i)]);
}

std::vector<std::size_t> permutation(std::size_t count, Random random) {
  std::vector<std::size_t> out(count);
  std::iota(out.begin(), out.end(), std::size_t{0});
  shuffle(out, random);
  return out;
}

}  // namespace

std::vector<std::size_t> shuffled(std::size_t count, std::uint64_t seed, std::uint64_t epoch) {
  return permutation(count, random_of(seed, epoch, 0));
}

Result<std::vector<std::size_t>> mix_epoch(std::span<const MixPart> parts, std::uint64_t seed, std::uint64_t epoch) {
  double ratios = 0;
  for (const MixPart& part : parts) {
    if (part.count == 0) return fail(ErrorCode::kInvalidInput, "a source of the mix has no rows");
    if (!(part.ratio > 0)) return fail(ErrorCode::kInvalidInput, "the ratios of a mix must be above 0");
    ratios += part.ratio;
  }
  double size = -1;
  for (const MixPart& part : parts) {
    const double allows = static_cast<double>(part.count) * ratios / part.ratio;
    if (size < 0 || allows < size) size = allows;
  }
  std::vector<std::size_t> out;
  std::size_t offset = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const MixPart& part = parts[i];
    const auto wanted = static_cast<std::size_t>(size * part.ratio / ratios + 0.5);
    const std::size_t count = std::clamp<std::size_t>(wanted, 1, part.count);
    // One permutation serves as many epochs as it has room for without giving a sample again.
    const std::uint64_t epochs = part.count / count;
    const auto order = permutation(part.count, random_of(seed, epoch / epochs, i + 2));
    const std::size_t begin = static_cast<std::size_t>(epoch % epochs) * count;
    for (std::size_t k = begin; k < begin + count; ++k) out.push_back(offset + order[k]);
    offset += part.count;
  }
  shuffle(out, random_of(seed, epoch, 1));
  return out;
}

}  // namespace steward::data
