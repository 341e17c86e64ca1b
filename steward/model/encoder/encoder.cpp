#include "steward/model/encoder/encoder.h"

#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "steward/core/hash.h"
#include "steward/model/encoder/open.h"
#include "steward/model/encoder/tokenizer.h"
#include "steward/model/encoder/trunk.h"
#include "steward/model/encoder/windows.h"

namespace steward::model {
namespace {

constexpr std::size_t kPackTokens = 512;  // of one run: larger ones leave the caches

class BertEncoder : public Encoder {
 public:
  BertEncoder(WeightsFile file, Trunk trunk, std::unique_ptr<Tokenizer> tokenizer)
      : file_(std::move(file)), trunk_(std::move(trunk)), tokenizer_(std::move(tokenizer)) {}

  /// Errors: kInvalidInput.
  Result<void> set(const EncoderOptions& options) {
    const auto words = static_cast<std::int64_t>(trunk_.words());
    head_.push_back(static_cast<std::int32_t>(TRY(file_.integer("tokenizer.ggml.bos_token_id", 0, words - 1))));
    tail_ = static_cast<std::int32_t>(TRY(file_.integer("tokenizer.ggml.eos_token_id", 0, words - 1)));
    for (const EncoderToken& token : tokenizer_->tokenize(file_.text("steward.tokenizer.prefix"))) head_.push_back(token.id);
    name_ = file_.text("general.name");
    const auto added = static_cast<int>(head_.size()) + 1;
    if (options.window_tokens < 16 || options.window_tokens > static_cast<int>(trunk_.positions()) || options.window_tokens <= added)
      return fail(ErrorCode::kInvalidInput, fmt::format("window_tokens is not from 16 to {}", trunk_.positions()));
    if (options.stride_tokens < 1 || options.stride_tokens > options.window_tokens - added)
      return fail(ErrorCode::kInvalidInput, fmt::format("stride_tokens is not from 1 to {}", options.window_tokens - added));
    pooled_ = options.pooled_layers;
    if (pooled_.empty() && file_.has_array("steward.trunk.pooled"))
      for (const std::int32_t layer : TRY(file_.numbers<std::int32_t>("steward.trunk.pooled"))) pooled_.push_back(layer);
    if (pooled_.empty()) pooled_.push_back(trunk_.layers());
    for (std::size_t i = 0; i < pooled_.size(); ++i)
      if (pooled_[i] < 1 || pooled_[i] > trunk_.layers() || (i > 0 && pooled_[i] <= pooled_[i - 1]))
        return fail(ErrorCode::kInvalidInput, fmt::format("pooled_layers are not ascending numbers from 1 to {}", trunk_.layers()));
    if (options.windows_max < 1) return fail(ErrorCode::kInvalidInput, "windows_max is below 1");
    shape_ = {static_cast<std::size_t>(options.window_tokens - added), static_cast<std::size_t>(options.stride_tokens),
              static_cast<std::size_t>(options.windows_max)};
    return {};
  }
  void set_digest(std::string digest) { digest_ = std::move(digest); }

  std::size_t width() const override { return pooled_.size() * trunk_.width(); }
  int layers() const override { return trunk_.layers(); }
  const std::vector<int>& pooled_layers() const override { return pooled_; }
  const std::string& digest() const override { return digest_; }
  const std::string& name() const override { return name_; }

  Result<std::vector<std::vector<EncodedWindow>>> encode(std::span<const std::string_view> texts) const override {
    std::vector<std::vector<EncodedWindow>> out(texts.size());
    std::unique_ptr<TrunkMemory> memory = borrow();
    PackedWindows pack;
    std::vector<EncodedWindow*> waiting;  // of the pack
    const auto run = [&]() -> Result<void> {
      const std::vector<float> means = TRY(trunk_.run(pack, pooled_, *memory));
      for (std::size_t i = 0; i < waiting.size(); ++i)
        waiting[i]->embedding.assign(means.begin() + static_cast<std::ptrdiff_t>(i * width()),
                                     means.begin() + static_cast<std::ptrdiff_t>((i + 1) * width()));
      pack = {};
      waiting.clear();
      return {};
    };
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (texts[i].size() >= 0xFFFFFFFF) return fail(ErrorCode::kTooLarge, "the text is 4 GB or more: cut it");
      const std::vector<EncoderToken> tokens = tokenizer_->tokenize(texts[i]);
      const std::vector<TokenRange> ranges = cut_windows(tokens.size(), shape_);
      out[i].resize(ranges.size());
      for (std::size_t j = 0; j < ranges.size(); ++j) {
        const std::size_t size = head_.size() + ranges[j].end - ranges[j].begin + 1;
        if (!waiting.empty() && pack.tokens.size() + size > kPackTokens) TRY(run());
        out[i][j].span = span_of(ranges[j], tokens, texts[i].size());
        put(ranges[j], tokens, pack);
        waiting.push_back(&out[i][j]);
      }
    }
    if (!waiting.empty()) TRY(run());
    give_back(std::move(memory));
    return out;
  }

 private:
  void put(TokenRange range, const std::vector<EncoderToken>& tokens, PackedWindows& pack) const {
    pack.tokens.insert(pack.tokens.end(), head_.begin(), head_.end());
    for (std::size_t i = range.begin; i < range.end; ++i) pack.tokens.push_back(tokens[i].id);
    pack.tokens.push_back(tail_);
    pack.ends.push_back(pack.tokens.size());
  }

  /// Memory is used again by later calls: there is one for each call that runs at the same time.
  std::unique_ptr<TrunkMemory> borrow() const {
    const std::lock_guard lock(mutex_);
    if (spare_.empty()) return std::make_unique<TrunkMemory>();
    std::unique_ptr<TrunkMemory> out = std::move(spare_.back());
    spare_.pop_back();
    return out;
  }
  void give_back(std::unique_ptr<TrunkMemory> memory) const {
    const std::lock_guard lock(mutex_);
    spare_.push_back(std::move(memory));
  }

  WeightsFile file_;  // the trunk's words lie in it
  Trunk trunk_;
  std::unique_ptr<Tokenizer> tokenizer_;
  std::vector<std::int32_t> head_;  // stands before each window: the begin and the model's prefix
  std::int32_t tail_ = 0;
  WindowShape shape_{};
  std::vector<int> pooled_;
  std::string digest_, name_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<TrunkMemory>> spare_;
};

}  // namespace

Result<std::unique_ptr<Encoder>> open_encoder(WeightsFile file, const EncoderOptions& options) {
  Trunk trunk = TRY(Trunk::load(file, options.layers));
  std::unique_ptr<Tokenizer> tokenizer = TRY(load_tokenizer(file));
  if (TRY(file.texts("tokenizer.ggml.tokens")).size() > trunk.words())
    return fail(ErrorCode::kInvalidInput, "it has more tokens than embeddings");
  auto out = std::make_unique<BertEncoder>(std::move(file), std::move(trunk), std::move(tokenizer));
  TRY(out->set(options));
  return out;
}

Result<std::unique_ptr<Encoder>> open_encoder(const std::string& path, const EncoderOptions& options) {
  WeightsFile file = TRY(WeightsFile::open(path));
  std::string digest = TRY(sha256_file_hex(path));
  if (!options.trunk.empty()) {
    WeightsFile trunk = TRY(WeightsFile::open(options.trunk));
    if (trunk.text("steward.trunk.base") != digest)
      return fail(ErrorCode::kInvalidInput, fmt::format("{} was tuned from another file than {}: tune it anew", options.trunk, path));
    digest = hex(sha256(digest + TRY(sha256_file_hex(options.trunk))));
    file = WeightsFile::layered(std::move(file), std::move(trunk));
  }
  auto out = open_encoder(std::move(file), options);
  if (!out) return fail(out.error().code, fmt::format("{} cannot encode: {}", path, out.error().message));
  static_cast<BertEncoder&>(**out).set_digest(std::move(digest));
  return out;
}

}  // namespace steward::model
