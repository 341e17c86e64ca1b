#include "recipes/classifier.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "steward/classify/dense_trainer.h"
#include "steward/classify/evaluation.h"
#include "steward/core/clock.h"
#include "steward/core/files.h"
#include "steward/core/hash.h"
#include "steward/core/random.h"
#include "steward/filters/classifier/scorer.h"
#include "steward/runs/fields.h"
#include "steward/runs/progress.h"
#include "steward/runs/report.h"
#include "steward/runs/run_folder.h"
#include "steward/runs/run_log.h"
#include "steward/runs/schedule.h"
#include "steward/tune/bert.h"
#include "steward/tune/checkpoint.h"
#include "steward/tune/classifier_head.h"
#include "steward/tune/labelled_texts.h"

namespace steward::recipes {
namespace {

using classify::kLabelCount;
using tune::Tensor;
using Parameters = std::map<std::string, Tensor>;

struct Config {
  std::string data = "data/detection", encoder = "e5-small.gguf", name = "multilingual-e5-small, tuned for detection";
  int fold = -1, folds = 6, rows_max = 400, dev_rows_max = 25;
  int layers = 12, frozen = 6;
  std::vector<double> pooled = {6, 12};
  int batch = 32, checkpoint_every = 200, threads = 0;
  double epochs = 1, rate = 3e-5, warmup = 0.06, weight_decay = 0.01, norm_max = 1, dropout = 0.1, share = 1;
  std::int64_t seed = 1;
};

void declare(runs::Fields& fields, Config& config) {
  fields.text("data", config.data, "folder of the detection data, with sets.yaml");
  fields.text("encoder", config.encoder, "GGUF file of the encoder");
  fields.text("name", config.name, "what the tuned trunk is called");
  fields.integer("fold", config.fold, {-1, 99}, "leaves out every folds-th group of sets from this one on; -1: trains on all");
  fields.integer("folds", config.folds, {2, 100}, "see fold");
  fields.integer("rows_max", config.rows_max, {0, 1e6},
                 "of one set, drawn by the hash of their ids; 0: all. A set counts the same however many are taken");
  fields.integer("dev_rows_max", config.dev_rows_max, {0, 1e6}, "of one set's dev rows, for the validation loss; 0: all");
  fields.integer("layers", config.layers, {1, 64}, "of the encoder, the first ones, that are kept");
  fields.integer("frozen", config.frozen, {0, 64}, "of these, the first ones that are not trained");
  fields.numbers("pooled", config.pooled, {1, 64}, "layers whose means the heads read");
  fields.integer("batch", config.batch, {1, 4096}, "windows a step");
  fields.number("epochs", config.epochs, {0.001, 100}, "passes over the windows");
  fields.number("rate", config.rate, {0, 1}, "peak learning rate");
  fields.number("warmup", config.warmup, {0, 1}, "share of the steps in which the rate rises; it falls by a cosine after");
  fields.number("weight_decay", config.weight_decay, {0, 1}, "AdamW's");
  fields.number("norm_max", config.norm_max, {0, 1e6}, "of the gradient; 0: any");
  fields.number("dropout", config.dropout, {0, 0.9}, "in trained layers and heads");
  fields.number("share", config.share, {0, 1}, "of the tuned weights in what is written; the rest are those the run began with");
  fields.integer("checkpoint_every", config.checkpoint_every, {1, 1e9}, "steps");
  fields.integer("threads", config.threads, {0, 1024}, "0: all cores; the same bytes need the same number");
  fields.integer("seed", config.seed, {0, 1e15}, "of what is drawn");
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

/// Texts with the embeddings of all their windows by the encoder that serves.
struct EmbeddedTexts {
  std::vector<tune::LabelledText> texts;
  std::vector<std::vector<float>> windows;  // [windows · width] of each
};

Result<EmbeddedTexts> embed(std::vector<tune::LabelledText> texts, const model::Encoder& encoder) {
  constexpr std::size_t kTexts = 64;
  EmbeddedTexts out;
  out.texts = std::move(texts);
  for (std::size_t begin = 0; begin < out.texts.size(); begin += kTexts) {
    std::vector<std::string_view> views;
    for (std::size_t i = begin; i < std::min(begin + kTexts, out.texts.size()); ++i) views.push_back(out.texts[i].view);
    for (const auto& windows : TRY(encoder.encode(views))) {
      std::vector<float>& numbers = out.windows.emplace_back();
      for (const model::EncodedWindow& window : windows) numbers.insert(numbers.end(), window.embedding.begin(), window.embedding.end());
    }
  }
  return out;
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
std::size_t window_that_teaches(const classify::DenseWeights& heads, std::span<const float> windows, const tune::LabelledText& text,
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

Windows choose_windows(const EmbeddedTexts& data, const tune::WindowCutter& cutter, const classify::DenseWeights& heads,
                       std::uint64_t seed) {
  Windows out;
  const auto count = static_cast<std::int64_t>(data.texts.size());
  out.targets = at::empty({count, static_cast<std::int64_t>(kLabelCount)}, at::kFloat);
  out.weights = at::empty({count}, at::kFloat);
  for (std::size_t i = 0; i < data.texts.size(); ++i) {
    const tune::LabelledText& text = data.texts[i];
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
  options.pooled_layers.assign(config.pooled.begin(), config.pooled.end());
  return options;
}

Result<Prepared> prepare(const Config& config, const model::WeightsFile& file) {
  const auto sets = TRY(classify::read_data(config.data));
  tune::TextChoice choice;
  choice.seed = static_cast<std::uint64_t>(config.seed);
  choice.rows_max = static_cast<std::size_t>(config.rows_max);
  if (config.fold >= config.folds) return fail(ErrorCode::kInvalidInput, "`fold` must be below `folds`");
  if (config.fold >= 0) choice.left_out = classify::groups_left_out(sets, config.fold, config.folds);
  tune::TextChoice dev = choice;
  dev.split = "dev";
  dev.rows_max = static_cast<std::size_t>(config.dev_rows_max);
  const model::EncoderOptions options = reading(config);
  const auto encoder = TRY(model::open_encoder(config.encoder, options));
  const auto cutter = TRY(tune::WindowCutter::create(file, options.window_tokens, options.stride_tokens, options.windows_max));
  const EmbeddedTexts train_texts = TRY(embed(tune::choose_texts(sets, choice), *encoder));
  const EmbeddedTexts dev_texts = TRY(embed(tune::choose_texts(sets, dev), *encoder));
  if (train_texts.texts.empty()) return fail(ErrorCode::kInvalidInput, fmt::format("{} has no row to train on", config.data));
  Prepared out;
  out.heads = train_heads(train_texts, encoder->width(), choice.seed);
  out.train = choose_windows(train_texts, cutter, out.heads, choice.seed);
  out.dev = choose_windows(dev_texts, cutter, out.heads, choice.seed);
  return out;
}

tune::TokenBatch batch_of(const Windows& windows, std::span<const std::size_t> chosen) {
  std::size_t longest = 0;
  for (const std::size_t i : chosen) longest = std::max(longest, windows.lengths[i]);
  const auto rows = static_cast<std::int64_t>(chosen.size());
  tune::TokenBatch out = {at::zeros({rows, static_cast<std::int64_t>(longest)}, at::kLong), at::empty({rows}, at::kLong)};
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
  tune::Bert trunk;
  tune::ClassifierHead heads;
  std::vector<int> pooled;

  Tensor loss(const Windows& windows, std::span<const std::size_t> chosen, double dropout) const {
    const Tensor rows = rows_of(chosen);
    const Tensor scores = heads.scores(trunk.forward(batch_of(windows, chosen), pooled), dropout);
    return tune::masked_logistic_loss(scores, windows.targets.index_select(0, rows), windows.weights.index_select(0, rows),
                                      heads.trained());
  }
  double loss_of_all(const Windows& windows, std::size_t batch) {
    const at::NoGradGuard no_gradients;
    trunk.train(false);
    double sum = 0;
    for (const auto& chosen : tune::batches_by_length(windows.lengths, batch, 0))
      sum += loss(windows, chosen, 0).item<double>() * static_cast<double>(chosen.size());
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
  TRY(tune::write_trunk(trunk, model.trunk, model.pooled, {config.name, TRY(sha256_file_hex(config.encoder))}));
  const auto encoder = TRY(model::open_encoder(config.encoder, filters::encoder_options(folder)));
  return classify::write_dense_head(folder + "/heads.bin", model.heads.weights(), filters::trunk_id(*encoder));
}

Result<void> write_report(const Config& config, const runs::RunFolder& folder, const runs::RunLog& log, std::size_t windows) {
  runs::Report report;
  report.title = "classifier";
  report.facts = {{"encoder", config.encoder}, {"windows", fmt::format("{}", windows)}, {"fold left out", fmt::format("{}", config.fold)}};
  report.config = TRY(read_file(folder.config_path()));
  report.records = log.records();
  report.charts = runs::standard_charts();
  return write_file_atomic(folder.report_path(), runs::render_report(report));
}

Result<void> train(const Config& config, const runs::RunFolder& folder) {
  tune::set_compute({.threads = config.threads});
  const auto file = TRY(model::WeightsFile::open(config.encoder));
  const Prepared data = TRY(prepare(config, file));
  const tune::BertOptions options = {.layers = config.layers, .frozen = config.frozen, .dtype = at::kBFloat16, .dropout = config.dropout};
  Classifier model{TRY(tune::Bert::load(file, options)), tune::ClassifierHead(data.heads), {config.pooled.begin(), config.pooled.end()}};
  const Parameters begin = copy_of(model.parameters());
  tune::AdamW optimizer(model.parameters(), {.weight_decay = config.weight_decay});

  const auto batch = static_cast<std::size_t>(config.batch);
  const auto steps_an_epoch = static_cast<std::int64_t>((data.train.lengths.size() + batch - 1) / batch);
  const auto steps = std::max<std::int64_t>(1, std::llround(config.epochs * static_cast<double>(steps_an_epoch)));
  const runs::Schedule schedule = {
      .peak = config.rate, .warmup_steps = std::llround(config.warmup * static_cast<double>(steps)), .steps = steps};
  std::int64_t step = 0;
  if (const auto saved = TRY(folder.checkpoints()); !saved.empty()) {
    TRY(tune::restore(TRY(tune::read_checkpoint(folder.checkpoint_path(saved.back()))), optimizer));
    step = saved.back();
  }
  const SystemClock clock;
  const SteadyClock steady;
  auto log = TRY(runs::RunLog::open(folder.log_path(), folder.events_path(), step == 0 ? -1 : step, clock));
  if (step == 0) TRY(log.append(0, {{"validation/loss", model.loss_of_all(data.dev, batch)}}));
  runs::Progress progress(stderr, runs::Progress::style_of(stderr), step, steps, steady);
  runs::ProgressState shown;
  std::vector<std::vector<std::size_t>> batches;

  while (step < steps) {
    if (batches.empty() || step % steps_an_epoch == 0)
      batches = tune::batches_by_length(data.train.lengths, batch, static_cast<std::uint64_t>(config.seed + step / steps_an_epoch));
    const auto& chosen = batches[static_cast<std::size_t>(step % steps_an_epoch)];
    at::manual_seed(static_cast<std::uint64_t>(config.seed * 1'000'003 + step));  // dropout: nothing to keep in a checkpoint
    model.trunk.train(true);
    const Tensor loss = model.loss(data.train, chosen, config.dropout);
    loss.backward();
    const double norm = tune::clip_gradients(optimizer.parameters(), config.norm_max);
    if (!std::isfinite(norm))
      return fail(ErrorCode::kInternal, fmt::format("step {}: the gradient is no finite number: lower `rate`", step));
    const double rate = runs::rate_at(schedule, step);
    optimizer.step(rate);
    ++step;

    for (const std::size_t i : chosen) shown.tokens += static_cast<std::int64_t>(data.train.lengths[i]);
    shown.step = step;
    shown.loss = loss.item<double>();
    progress.update(shown);
    TRY(log.append(step, {{"loss", shown.loss}, {"rate", rate}, {"gradient/norm", norm}}));
    if (step % config.checkpoint_every != 0 && step != steps) continue;
    TRY(tune::write_checkpoint(TRY(folder.begin_checkpoint(step)), tune::take_checkpoint(optimizer, {{"step", step}})));
    TRY(folder.finish_checkpoint(step));
    TRY(folder.prune(1));
  }
  progress.finish();
  fmt::print("validation loss {:.4f} at the begin, {:.4f} tuned", log.records().front().values.front().second,
             model.loss_of_all(data.dev, batch));
  tune::interpolate(model.parameters(), begin, config.share);
  fmt::print(", {:.4f} with a share of {}\n", model.loss_of_all(data.dev, batch), config.share);
  TRY(write_models(config, model, folder.path()));
  return write_report(config, folder, log, data.train.lengths.size());
}

}  // namespace

Result<void> run_classifier(const RecipeCall& call) {
  Config config;
  runs::Fields fields;
  declare(fields, config);
  TRY(runs::load_config(fields, call.config, call.changes));
  const auto folder =
      TRY(call.resume ? runs::RunFolder::resume(call.out, fields.print()) : runs::RunFolder::create(call.out, fields.print()));
  return train(config, folder);
}

}  // namespace steward::recipes
