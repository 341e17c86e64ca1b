#include <cmath>
#include <filesystem>

#include <fmt/format.h>

#include "steward/app/classify_commands.h"
#include "steward/app/detection_models.h"
#include "steward/app/detection_report.h"
#include "steward/app/detection_training.h"
#include "steward/app/tuned_encoders.h"
#include "steward/core/files.h"
#include "steward/core/yaml.h"
#include "steward/filters/classifier/classifier.h"
#include "steward/filters/injection/evidence_trainer.h"
#include "steward/guard/decoding.h"

namespace steward::app {
namespace {

struct Options {
  std::string data = "data/detection";
  std::string models = "models/detection";
  std::string encoder;
  std::string cache = "build/detection/embeddings.bin";
  std::string tuned;  // folder of the runs of steward-tune; empty: the encoder as it is
  std::string from, out, scores;
  int folds = 6;
};

Result<int> prepare(const Options& options) {
  for (const std::string& line : TRY(classify::prepare_data(options.from, options.data))) fmt::print("{}\n", line);
  return kExitOk;
}

struct Loaded {
  std::unique_ptr<model::Encoder> encoder;
  std::unique_ptr<DetectionData> data;
};

Result<Loaded> load(const Options& options) {
  Loaded out;
  // Tuned encoders score the rows themselves (add_tuned_scores).
  if (!options.encoder.empty() && options.tuned.empty())
    out.encoder = TRY(model::open_encoder(options.encoder, filters::encoder_options()));
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(options.cache).parent_path(), ignored);
  out.data = TRY(DetectionData::load(options.data, out.encoder.get(), options.cache));
  return out;
}

Result<std::unique_ptr<filters::Scorer>> open_shipped(const Options& options) {
  auto linear = TRY(classify::LinearModel::open(options.models + "/linear.bin"));
  auto structure = TRY(filters::open_structure(options.models));
  if (options.encoder.empty()) return std::make_unique<filters::Scorer>(std::move(linear), nullptr, nullptr, std::move(structure));
  auto encoder = TRY(model::open_encoder(options.encoder, filters::encoder_options(options.models)));
  auto heads = TRY(classify::DenseHead::open(options.models + "/heads.bin", filters::trunk_id(*encoder)));
  return std::make_unique<filters::Scorer>(std::move(linear), std::move(heads), std::move(encoder), std::move(structure));
}

/// The shipped models as the guard runs them.
Result<std::unique_ptr<guard::Filter>> open_filter(const Options& options) {
  policy::FilterSpec spec;
  spec.name = "learned";
  const std::string encoder = options.encoder.empty() ? "none" : std::filesystem::absolute(options.encoder).string();
  spec.config = TRY(yaml::parse(
      fmt::format("{{models: \"{}\", encoder: \"{}\"}}", std::filesystem::absolute(options.models).string(), encoder), "classify"));
  return guard::with_decoded_views(TRY(filters::make_classifier(spec, {})));
}

/// One line a row of every set: ids and log-odds by models that had not seen its group, never a text.
Result<void> write_scores(const std::string& path, const DetectionData& data, const ScoreTable& table) {
  std::string out;
  for (std::size_t s = 0; s < table.size(); ++s)
    for (std::size_t r = 0; r < table[s].size(); ++r) {
      const auto by_label = [](const classify::LabelScores& scores) {
        json::Object object;
        for (std::size_t label = 0; label < classify::kLabelCount; ++label)
          if (!std::isnan(scores[label])) object[classify::kLabels[label]] = std::round(scores[label] * 1000) / 1000;
        return object;
      };
      const classify::Example& example = data.sets()[s].examples[r];
      const ExampleScores& scores = table[s][r];
      const json::Object row{{"set", data.sets()[s].info.name},
                             {"id", example.id},
                             {"split", example.split},
                             {"language", example.language},
                             {"linear", by_label(scores.alone.linear)},
                             {"encoder", by_label(scores.alone.encoder)},
                             {"structure", scores.alone.structure},
                             {"combined", by_label(scores.combined)}};
      out += json::dump(row) + "\n";
    }
  return write_file_atomic(path, out);
}

Result<void> report_on(const Options& options, const DetectionData& data, const LeftOutScores& left_out) {
  const classify::Calibration calibration = TRY(classify::read_calibration(options.models + "/calibration.json"));
  const auto shipped = TRY(open_shipped(options));
  const auto filter = TRY(open_filter(options));
  const ReportInput input{data, left_out, calibration, *shipped, *filter};
  TRY(write_file_atomic(options.models + "/card.md", detection_card(input)));
  if (options.out.empty()) return {};
  const std::string report = TRY(detection_report(input));
  TRY(write_file_atomic(options.out, report));
  fmt::print("{}\n", options.out);
  return {};
}

Result<LeftOutScores> scores_left_out(const Options& options, const DetectionData& data) {
  LeftOutScores scores = left_out_scores(data, options.folds);
  if (!options.tuned.empty()) TRY(add_tuned_scores({options.tuned, options.encoder}, data, scores));
  combine_left_out(data, scores);
  if (!options.scores.empty()) TRY(write_scores(options.scores, data, scores.rows));
  return scores;
}

Result<int> train(const Options& options) {
  if (!options.tuned.empty() && options.encoder.empty())
    return fail(ErrorCode::kInvalidInput, "--tuned needs --encoder: the file that its trunks lie over");
  const Loaded loaded = TRY(load(options));
  std::filesystem::create_directories(options.models);
  const TrainedModels models = train_models(*loaded.data, {});
  TRY(classify::write_linear_model(options.models + "/linear.bin", models.linear));
  TRY(filters::write_evidence_weights(options.models + "/structure.json", models.structure));
  if (!options.tuned.empty()) TRY(ship_tuned({options.tuned, options.encoder}, options.models));
  if (loaded.encoder) {
    TRY(classify::write_dense_head(options.models + "/heads.bin", models.heads, filters::trunk_id(*loaded.encoder)));
    std::filesystem::remove(options.models + "/trunk.gguf");  // an earlier tuned one: these heads read the encoder as it is
  }
  const LeftOutScores left_out = TRY(scores_left_out(options, *loaded.data));
  classify::Calibration calibration = calibrate(*loaded.data, left_out.rows);
  const auto shipped = TRY(open_shipped(options));
  calibration.scores_of = shipped->digest();
  TRY(classify::write_calibration(options.models + "/calibration.json", calibration));
  TRY(report_on(options, *loaded.data, left_out));
  return kExitOk;
}

Result<int> evaluate(const Options& options) {
  const Loaded loaded = TRY(load(options));
  const LeftOutScores left_out = TRY(scores_left_out(options, *loaded.data));
  TRY(report_on(options, *loaded.data, left_out));
  return kExitOk;
}

/// The card alone, as training writes it: from the models and the data's licences and counts.
Result<int> card(const Options& given) {
  Options options = given;
  if (options.encoder.empty()) options.encoder = encoder_of(options.models);
  const auto data = TRY(DetectionData::load(options.data, nullptr, ""));
  const classify::Calibration calibration = TRY(classify::read_calibration(options.models + "/calibration.json"));
  const auto shipped = TRY(open_shipped(options));
  const auto filter = TRY(open_filter(options));
  const std::string path = options.out.empty() ? options.models + "/card.md" : options.out;
  TRY(write_file_atomic(path, detection_card({*data, {}, calibration, *shipped, *filter})));
  fmt::print("{}\n", path);
  return kExitOk;
}

int finish(const Result<int>& result) { return result ? *result : report(result.error()); }

}  // namespace

void add_classify_command(CLI::App& app, CommandLine& line) {
  auto* command = app.add_subcommand("classify", "learned detection: prepare | train | calibrate | evaluate | compare | card");
  command->require_subcommand(1);
  const auto options = std::make_shared<Options>();  // shared by the callbacks, which outlive this function
  const auto add = [&](const char* name, const char* what, Result<int> (*action)(const Options&)) {
    auto* sub = command->add_subcommand(name, what);
    sub->add_option("--data", options->data, "folder with sets.yaml and the sets");
    sub->callback([&line, options, action] { line.exit_code = finish(action(*options)); });
    return sub;
  };
  add("prepare", "take the data sets that sets.yaml names from a collection", prepare)
      ->add_option("--from", options->from, "folder of the collection: SET.jsonl.zst")
      ->required();
  for (auto* sub : {add("card", "the card of the models alone", card),
                    add("train", "train both tiers, calibrate them on sets left out, write models and card", train),
                    add("evaluate", "tables of docs/detection.md", evaluate)}) {
    sub->add_option("--models", options->models, "folder of linear.bin, heads.bin, calibration.json");
    sub->add_option("--encoder", options->encoder, "GGUF file of the encoder; none: the linear tier alone");
    sub->add_option("--tuned", options->tuned, "folder of the runs of steward-tune classifier: all, fold-0, fold-1, …")
        ->check(CLI::ExistingDirectory);
    sub->add_option("--cache", options->cache, "where embeddings are kept between runs");
    sub->add_option("--folds", options->folds, "trainings that leave groups of sets out")->check(CLI::Range(2, 100));
    sub->add_option("--out", options->out, "where the report goes");
    sub->add_option("--scores", options->scores, "where each row's scores by models that had not seen it go, as JSONL without texts");
  }
  add_classify_calibrate(*command, line);
  add_classify_compare(*command, line);
}

}  // namespace steward::app
