#include "steward/tune/labelled_texts.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "steward/core/random.h"
#include "steward/text/view.h"

namespace steward::tune {
namespace {

constexpr std::size_t kTextBytesMax = 8192;

}  // namespace

std::vector<LabelledText> choose_texts(const std::vector<classify::DataSet>& sets, const TextChoice& choice) {
  std::vector<std::vector<std::pair<std::uint64_t, std::size_t>>> rows(sets.size());
  for (std::size_t s = 0; s < sets.size(); ++s) {
    const classify::SetInfo& info = sets[s].info;
    if (!info.trains || std::find(choice.left_out.begin(), choice.left_out.end(), info.group) != choice.left_out.end()) continue;
    for (std::size_t r = 0; r < sets[s].examples.size(); ++r) {
      const classify::Example& example = sets[s].examples[r];
      if (example.split == choice.split) rows[s].emplace_back(Random(hash64(info.name + " " + example.id) ^ choice.seed).next(), r);
    }
  }
  std::vector<LabelledText> out;
  double sum = 0;
  for (std::size_t s = 0; s < sets.size(); ++s) {
    std::sort(rows[s].begin(), rows[s].end());
    const std::size_t taken = choice.rows_max == 0 ? rows[s].size() : std::min(choice.rows_max, rows[s].size());
    const auto weight =
        static_cast<float>(std::sqrt(static_cast<double>(rows[s].size())) / static_cast<double>(std::max<std::size_t>(taken, 1)));
    for (std::size_t i = 0; i < taken; ++i) {
      const classify::Example& example = sets[s].examples[rows[s][i].second];
      const std::string_view text = std::string_view(example.text).substr(0, text::char_floor(example.text, kTextBytesMax));
      out.push_back({std::string(text::Views(text).repaired().text()), example.targets, weight});
      sum += weight;
    }
  }
  for (LabelledText& text : out) text.weight *= static_cast<float>(static_cast<double>(out.size()) / sum);
  return out;
}

Result<WindowCutter> WindowCutter::create(const model::WeightsFile& file, int window_tokens, int stride_tokens, int windows_max) {
  WindowCutter out;
  out.tokenizer_ = TRY(model::load_tokenizer(file));
  constexpr std::int64_t kIdMax = std::int64_t{1} << 30;
  out.head_.push_back(static_cast<std::int32_t>(TRY(file.integer("tokenizer.ggml.bos_token_id", 0, kIdMax))));
  out.tail_ = static_cast<std::int32_t>(TRY(file.integer("tokenizer.ggml.eos_token_id", 0, kIdMax)));
  for (const model::EncoderToken& token : out.tokenizer_->tokenize(file.text("steward.tokenizer.prefix"))) out.head_.push_back(token.id);
  const int room = window_tokens - static_cast<int>(out.head_.size()) - 1;
  if (room < 1 || stride_tokens < 1 || stride_tokens > room || windows_max < 1)
    return fail(ErrorCode::kInvalidInput,
                fmt::format("windows of {} tokens leave room for {}: fewer than a stride of {}", window_tokens, room, stride_tokens));
  out.shape_ = {static_cast<std::size_t>(room), static_cast<std::size_t>(stride_tokens), static_cast<std::size_t>(windows_max)};
  return out;
}

std::vector<std::vector<std::int32_t>> WindowCutter::cut(std::string_view text) const {
  const std::vector<model::EncoderToken> tokens = tokenizer_->tokenize(text);
  std::vector<std::vector<std::int32_t>> out;
  for (const model::TokenRange& range : model::cut_windows(tokens.size(), shape_)) {
    std::vector<std::int32_t>& window = out.emplace_back(head_);
    for (std::size_t i = range.begin; i < range.end; ++i) window.push_back(tokens[i].id);
    window.push_back(tail_);
  }
  return out;
}

}  // namespace steward::tune
