// The encoder behind the learned detection [Kumar et al. 2022, arXiv:2202.10054]: heads are trained on the encoder as it is, then its upper
// layers and the heads together, at a low rate.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include "recipes/recipe.h"
#include "recipes/setup.h"
#include "steward/classify/dense_trainer.h"
#include "steward/classify/evaluation.h"
#include "steward/core/files.h"
#include "steward/core/hash.h"
#include "steward/core/random.h"
#include "steward/data/batches.h"
#include "steward/filters/classifier/reading.h"
#include "steward/model/encoder/embedding_cache.h"
#include "steward/tune/bert.h"
#include "steward/tune/classifier_head.h"
#include "steward/tune/labelled_texts.h"
#include "steward/tune/session.h"

namespace steward::recipes {
namespace {

using classify::kLabelCount;
using namespace tune;
using Parameters = std::map<std::string, Tensor>;

struct Config {
  std::string data = "data/detection", encoder = "e5-small.gguf", embeddings, name = "multilingual-e5-small, tuned for detection";
  int fold = -1, folds = 6, rows_max = 400, dev_rows_max = 25, head_rows_max = 0, windows_max = 4, batch = 32;
  int layers = 12, frozen = 6;
  std::vector<double> pooled = {6, 12};
  double dropout = 0.1, share = 1;
  runs::OptimizerConfig optimizer;
  runs::RunConfig run;

  Config() {
    optimizer.rate = 3e-5;
    optimizer.warmup_share = 0.06;
    optimizer.floor_share = 0;
    optimizer.weight_decay = 0.01;
    run.validate_every = 0;
    run.checkpoint_every = 200;
    run.checkpoints_kept = 1;
  }
};

void declare(runs::Fields& fields, Config& config) {
  fields.text("data.folder", config.data, "detection data, with sets.yaml");
  fields.integer("data.fold", config.fold, {-1, 99}, "leaves out every folds-th group of sets from this one on; -1: trains on all");
  fields.integer("data.folds", config.folds, {2, 100}, "see fold");
  fields.integer(
      "data.rows_max", config.rows_max, {0, 1e6},
      "of one set, that the layers are tuned on, drawn by the hash of their ids; 0: all. A set counts the same however many are taken");
  fields.integer("data.head_rows_max", config.head_rows_max, {0, 1e6},
                 "of one set, that the first heads are trained on, the encoder as it is; 0: all");
  fields.integer("data.dev_rows_max", config.dev_rows_max, {0, 1e6}, "of one set's dev rows, for validation; 0: all");
  fields.text("data.embeddings", config.embeddings,
              "file where embeddings by the encoder as it is are kept, for other folds; empty: nowhere");
  fields.integer("data.windows_max", config.windows_max, {1, 32}, "of one text that the first heads read, and one is chosen from");
  fields.integer("data.batch", config.batch, {1, 4096}, "windows a step");
  fields.text("model.encoder", config.encoder, "GGUF file: a path, or a file of STEWARD_MODELS_DIR");
  fields.text("model.name", config.name, "what the tuned layers are called");
  fields.integer("model.layers", config.layers, {1, 64}, "of the encoder, the first ones, that are kept");
  fields.integer("model.frozen", config.frozen, {0, 64}, "of these, the first ones that are not trained");
  fields.numbers("model.pooled", config.pooled, {1, 64}, "layers whose means the heads read");
  fields.number("model.dropout", config.dropout, {0, 0.9}, "in trained layers and heads");
  fields.number("export.share", config.share, {0, 1},
                "of the tuned numbers in what is written; the rest are those that training began with");
  runs::declare(fields, config.optimizer);
  runs::declare(fields, config.run);
}

/// What is learned from: one window of each text.
struct Windows {
  std::vector<std::vector<std::int32_t>> tokens;
  std::vector<std::size_t> lengths;
  Tensor targets;  // [N, labels]
  Tensor weights;  // [N]
};

struct Prepared {
  Windows train, dev;
  classify::DenseWeights heads;  ///< of the encoder as it is
};

/// Texts with the embeddings of all their windows by the encoder as it is.
struct EmbeddedTexts {
  std::vector<LabelledText> texts;
  std::vector<std::span<const float>> windows;  // [windows · width] of each; point into the cache
};

Result<EmbeddedTexts> embed(std::vector<LabelledText> texts, const model::Encoder& encoder, model::EmbeddingCache& cache) {
  std::vector<std::string_view> views;
  for (const LabelledText& text : texts) views.push_back(text.view);
  auto windows = TRY(cache.embed(views, encoder));
  return EmbeddedTexts{std::move(texts), std::move(windows)};
}

classify::DenseWeights train_heads(const EmbeddedTexts& data, std::size_t width, std::uint64_t seed) {
  std::vector<classify::EmbeddedRow> rows;
  for (std::size_t i = 0; i < data.texts.size(); ++i) rows.push_back({data.windows[i], data.texts[i].targets, data.texts[i].weight});
  classify::DenseOptions options;
  options.seed = seed;
  return classify::train_dense(rows, width, options);
}

/// The window that teaches: of a positive text the one that the heads think says most, because an attack is one sentence of a document;
/// else one that is drawn.
std::size_t window_that_teaches(const classify::DenseWeights& heads, std::span<const float> windows, const LabelledText& text,
                                std::uint64_t seed) {
  const std::size_t count = windows.size() / heads.inputs;
  if (count == 1) return 0;
  for (std::size_t label = 0; label < kLabelCount; ++label) {
    if (!text.targets.positive(label) || !heads.trained[label]) continue;
    std::size_t best = 0;
    float most = -std::numeric_limits<float>::infinity();
    for (std::size_t i = 0; i < count; ++i) {
      const float score = classify::score_dense(heads, windows.subspan(i * heads.inputs, heads.inputs))[label];
      if (score > most) best = i;
      most = std::max(most, score);
    }
    return best;  // the first positive label is the broadest
  }
  return Random(hash64(text.view) ^ seed).below(count);
}

Windows choose_windows(const EmbeddedTexts& data, const WindowCutter& cutter, const classify::DenseWeights& heads, std::uint64_t seed) {
  Windows out;
  const auto count = static_cast<std::int64_t>(data.texts.size());
  out.targets = at::empty({count, static_cast<std::int64_t>(kLabelCount)}, at::kFloat);
  out.weights = at::empty({count}, at::kFloat);
  for (std::size_t i = 0; i < data.texts.size(); ++i) {
    const LabelledText& text = data.texts[i];
    auto windows = cutter.cut(text.view);
    out.tokens.push_back(std::move(windows[std::min(window_that_teaches(heads, data.windows[i], text, seed), windows.size() - 1)]));
    out.lengths.push_back(out.tokens.back().size());
    std::copy(text.targets.value.begin(), text.targets.value.end(), out.targets.data_ptr<float>() + i * kLabelCount);
    out.weights.data_ptr<float>()[i] = text.weight;
  }
  return out;
}

model::EncoderOptions reading(const Config& config) {
  model::EncoderOptions options = filters::encoder_options();
  options.layers = config.layers;
  options.windows_max = config.windows_max;
  options.pooled_layers.assign(config.pooled.begin(), config.pooled.end());
  return options;
}

/// Texts of one split, of the sets that are trained on. rows_max: of one set; 0: all.
std::vector<LabelledText> texts_of(const Config& config, const std::vector<classify::DataSet>& sets, const std::string& split,
                                   int rows_max) {
  TextChoice choice;
  choice.split = split;
  choice.rows_max = static_cast<std::size_t>(rows_max);
  choice.seed = static_cast<std::uint64_t>(config.run.seed);
  if (config.fold >= 0) choice.left_out = classify::groups_left_out(sets, config.fold, config.folds);
  return choose_texts(sets, choice);
}

Result<Prepared> prepare(const Config& config, const model::WeightsFile& file) {
  if (config.fold >= config.folds) return fail(ErrorCode::kInvalidInput, "data.fold must be below data.folds");
  const auto sets = TRY(classify::read_data(config.data));
  const model::EncoderOptions options = reading(config);
  const auto encoder = TRY(model::open_encoder(config.encoder, options));
  const auto cutter = TRY(WindowCutter::create(file, options.window_tokens, options.stride_tokens, options.windows_max));
  std::error_code ignored;
  if (!config.embeddings.empty()) std::filesystem::create_directories(std::filesystem::path(config.embeddings).parent_path(), ignored);
  model::EmbeddingCache cache(filters::reading_id(*encoder, options.windows_max), config.embeddings);
  fmt::print(stderr, "texts are read by the encoder as it is\n");
  const auto seed = static_cast<std::uint64_t>(config.run.seed);
  Prepared out;
  {
    const EmbeddedTexts all = TRY(embed(texts_of(config, sets, "train", config.head_rows_max), *encoder, cache));
    if (all.texts.empty()) return fail(ErrorCode::kInvalidInput, fmt::format("{} has no row to train on", config.data));
    fmt::print(stderr, "heads are trained on {} texts\n", all.texts.size());
    out.heads = train_heads(all, encoder->width(), seed);
  }
  const EmbeddedTexts train = TRY(embed(texts_of(config, sets, "train", config.rows_max), *encoder, cache));
  const EmbeddedTexts dev = TRY(embed(texts_of(config, sets, "dev", config.dev_rows_max), *encoder, cache));
  out.train = choose_windows(train, cutter, out.heads, seed);
  out.dev = choose_windows(dev, cutter, out.heads, seed);
  return out;
}

WindowBatch batch_of(const Windows& windows, std::span<const std::size_t> chosen) {
  std::size_t longest = 0;
  for (const std::size_t i : chosen) longest = std::max(longest, windows.lengths[i]);
  const auto rows = static_cast<std::int64_t>(chosen.size());
  WindowBatch out = {at::zeros({rows, static_cast<std::int64_t>(longest)}, at::kLong), at::empty({rows}, at::kLong)};
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    std::copy(windows.tokens[chosen[i]].begin(), windows.tokens[chosen[i]].end(), out.tokens.data_ptr<std::int64_t>() + i * longest);
    out.lengths.data_ptr<std::int64_t>()[i] = static_cast<std::int64_t>(windows.lengths[chosen[i]]);
  }
  return out;
}

Tensor rows_of(std::span<const std::size_t> chosen) {
  return at::tensor(std::vector<std::int64_t>(chosen.begin(), chosen.end()), at::kLong);
}

/// The model that is trained: trunk and heads.
struct Classifier {
  Bert trunk;
  ClassifierHead heads;
  std::vector<int> pooled;

  Tensor loss(const Windows& windows, std::span<const std::size_t> chosen, double dropout) const {
    const Tensor rows = rows_of(chosen);
    const Tensor scores = heads.scores(trunk.forward(batch_of(windows, chosen), pooled), dropout);
    return masked_logistic_loss(scores, windows.targets.index_select(0, rows), windows.weights.index_select(0, rows), heads.trained());
  }
  double loss_of_all(const Windows& windows, std::size_t batch) {
    const at::NoGradGuard no_gradients;
    trunk.train(false);
    double sum = 0;
    std::vector<std::size_t> order(windows.lengths.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return windows.lengths[a] < windows.lengths[b]; });
    for (std::size_t at = 0; at < order.size(); at += batch) {
      const std::span chosen = std::span(order).subspan(at, std::min(batch, order.size() - at));
      sum += loss(windows, chosen, 0).item<double>() * static_cast<double>(chosen.size());
    }
    return windows.lengths.empty() ? 0 : sum / static_cast<double>(windows.lengths.size());
  }
  Parameters parameters() const {
    Parameters out = trunk.parameters();
    out.merge(heads.parameters());
    return out;
  }
};

Parameters copy_of(const Parameters& parameters) {
  Parameters out;
  for (const auto& [name, tensor] : parameters) out.emplace(name, tensor.detach().clone());
  return out;
}

Result<void> write_models(const Config& config, const Classifier& model, const std::string& folder) {
  const std::string trunk = folder + "/trunk.gguf";
  const std::string digest = TRY(sha256_file_hex(config.encoder));
  TRY(write_trunk(trunk, model.trunk, model.pooled, {config.name, digest}));
  const auto encoder = TRY(model::open_encoder(config.encoder, filters::encoder_options(folder)));
  return classify::write_dense_head(folder + "/heads.bin", model.heads.weights(), filters::trunk_id(*encoder));
}

/// Names the texts that are trained on, so that a run never goes on with others.
std::string digest_of(const Windows& windows) {
  Sha256 hash;
  for (const auto& tokens : windows.tokens)
    hash.update(std::string_view(reinterpret_cast<const char*>(tokens.data()), tokens.size() * sizeof(tokens[0])));
  const auto bytes = [](const Tensor& tensor) {
    return std::string_view(reinterpret_cast<const char*>(tensor.const_data_ptr<float>()), tensor.nbytes());
  };
  hash.update(bytes(windows.targets)).update(bytes(windows.weights));
  const Digest digest = hash.finish();
  return hex(digest);
}

}  // namespace

Result<void> classifier(const Arguments& arguments) {
  Config config;
  runs::Fields fields;
  declare(fields, config);
  if (TRY(load_or_print(fields, arguments))) return {};
  set_compute({static_cast<int>(config.run.threads)});

  config.encoder = find_model(config.encoder);
  const auto file = TRY(model::WeightsFile::open(config.encoder));
  const Prepared data = TRY(prepare(config, file));
  const BertOptions options = {
      .layers = config.layers, .frozen = config.frozen, .dtype = product_type(at::kBFloat16), .dropout = config.dropout};
  Classifier model{TRY(Bert::load(file, options)), ClassifierHead(data.heads), {config.pooled.begin(), config.pooled.end()}};
  const Parameters untuned = copy_of(model.parameters());
  AdamW optimizer(model.parameters(), {.weight_decay = config.optimizer.weight_decay});

  const auto seed = static_cast<std::uint64_t>(config.run.seed);
  const auto rows = static_cast<std::size_t>(config.batch);
  auto batches = TRY(data::BatchStream::create(data.train.lengths, {}, {.rows = rows, .seed = seed}));
  const std::int64_t steps = steps_of(config.run, static_cast<std::int64_t>(batches.batches(0)));
  const runs::Schedule schedule = schedule_of(config.optimizer, steps);
  const std::string digest = TRY(sha256_file_hex(config.encoder));
  const json::Object origin = {{"recipe", "classifier"}, {"base", digest}, {"data", digest_of(data.train)}};
  Session session = TRY(Session::open({.run = config.run,
                                       .config = fields.print(),
                                       .origin = origin,
                                       .steps = steps,
                                       .resume = arguments.resume,
                                       .until = arguments.until,
                                       .record = arguments.record},
                                      optimizer, batches));

  while (!session.ended()) {
    std::vector<std::size_t> chosen;
    for (const auto& row : batches.next()) chosen.push_back(row.front());
    at::manual_seed(hash64(fmt::format("{} {}", seed, session.step())));  // dropout: nothing that a checkpoint must keep
    model.trunk.train(true);
    const Tensor loss = model.loss(data.train, chosen, config.dropout);
    loss.backward();
    const double norm = clip_gradients(optimizer.parameters(), config.optimizer.clip_norm);
    TRY(check_finite(session.step(), loss.item<double>(), norm));
    const double rate = rate_at(schedule, session.step());
    optimizer.step(rate);

    std::int64_t read = 0;
    for (const std::size_t i : chosen) read += static_cast<std::int64_t>(data.train.lengths[i]);
    StepValues values = {{"loss", loss.item<double>()}, {"rate", rate}, {"gradient/norm", norm}, {"tokens", static_cast<double>(read)}};
    std::optional<double> validation;
    if (session.validates() && !data.dev.lengths.empty()) {
      validation = model.loss_of_all(data.dev, rows);
      values.emplace_back("validation/loss", *validation);
    }
    TRY(session.finish_step(std::move(values), read, validation));
  }

  TRY(session.restore_best());
  interpolate(model.parameters(), untuned, config.share);
  TRY(write_models(config, model, session.folder().path()));
  return session.write_report(config.name, {{"windows", fmt::format("{}", data.train.lengths.size())}}, {});
}

}  // namespace steward::recipes
