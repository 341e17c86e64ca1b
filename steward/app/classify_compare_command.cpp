#include <filesystem>
#include <map>

#include <fmt/format.h>

#include "steward/app/classify_commands.h"
#include "steward/app/model_comparison.h"
#include "steward/core/files.h"
#include "steward/core/json.h"

namespace steward::app {
namespace {

struct Options {
  std::string a, b;
  std::string models = "models/detection";
  std::string encoder, encoder_b;
  std::string data = "data/detection";
  std::string out, rows;
  std::size_t rows_max = 0;
};

/// A folder of models, or a calibration for those of `--models`.
ModelChoice choice_of(const std::string& named, const std::string& models, const std::string& encoder) {
  std::error_code ignored;
  if (std::filesystem::is_directory(named, ignored)) return {named, encoder, ""};
  return {models, encoder, named};
}

std::string signed_interval(const Interval& interval, double unit, int digits) {
  return fmt::format("{:+.{}f} ({:+.{}f} to {:+.{}f})", unit * interval.value, digits, unit * interval.low, digits, unit * interval.high,
                     digits);
}

std::string tables(const Comparison& comparison, const Options& options) {
  std::string out = fmt::format("A: {}\nB: {}\n{} rows. Differences are B - A, with paired intervals of 95 %, drawn by source prompt.\n\n",
                                options.a, options.b, comparison.rows);
  out +=
      "| set | language | label | rows | positive | AUPRC A | AUPRC B | difference | recall at 1 % FPR A | B | difference |\n"
      "|---|---|---|---|---|---|---|---|---|---|---|\n";
  for (const SetComparison& one : comparison.sets)
    out += fmt::format("| {} | {} | {} | {} | {} | {:.3f} | {:.3f} | {} | {:.3f} | {:.3f} | {} |\n", one.set, one.language,
                       classify::kLabels[one.label], one.rows, one.positives, one.precision.a, one.precision.b,
                       signed_interval(one.precision.difference, 1, 3), one.recall.a, one.recall.b,
                       signed_interval(one.recall.difference, 1, 3));
  out += "\n| set of benign texts | kind | rows | flagged by A | flagged by B | difference in points |\n|---|---|---|---|---|---|\n";
  for (const BenignComparison& one : comparison.benign)
    out += fmt::format("| {} | {} | {} | {:.2f} % | {:.2f} % | {} |\n", one.set, one.task, one.rows, 100 * one.flagged.a,
                       100 * one.flagged.b, signed_interval(one.flagged.difference, 100, 2));
  struct Count {
    std::size_t only_a = 0, only_b = 0, other = 0;
  };
  std::map<std::string, Count> counts;
  for (const DifferentRow& row : comparison.different) {
    Count& count = counts[row.set];
    ++(row.b.empty() ? count.only_a : row.a.empty() ? count.only_b : count.other);
  }
  out += "\n| decisions that differ in | flagged by A alone | by B alone | by both, in other categories |\n|---|---|---|---|\n";
  for (const auto& [set, count] : counts) out += fmt::format("| {} | {} | {} | {} |\n", set, count.only_a, count.only_b, count.other);
  return out;
}

/// Ids and categories, never texts.
std::string rows_of(const Comparison& comparison) {
  std::string out;
  for (const DifferentRow& row : comparison.different) {
    const auto list = [](const std::vector<std::string>& names) { return json::Array(names.begin(), names.end()); };
    out += json::dump(json::Object{{"set", row.set}, {"id", row.id}, {"a", list(row.a)}, {"b", list(row.b)}}) + "\n";
  }
  return out;
}

Result<int> compare(const Options& options) {
  Encoders encoders;
  const ChosenModels a = TRY(open_chosen(choice_of(options.a, options.models, options.encoder), encoders));
  const std::string& encoder_b = options.encoder_b.empty() ? options.encoder : options.encoder_b;
  const ChosenModels b = TRY(open_chosen(choice_of(options.b, options.models, encoder_b), encoders));
  const std::vector<classify::DataSet> sets = TRY(classify::read_data(options.data));
  const Comparison comparison = TRY(compare_models(a, b, sets, options.rows_max));
  const std::string report = tables(comparison, options);
  if (!options.rows.empty()) TRY(write_file_atomic(options.rows, rows_of(comparison)));
  if (!options.out.empty()) TRY(write_file_atomic(options.out, report));
  fmt::print("{}", report);
  return static_cast<int>(kExitOk);
}

}  // namespace

void add_classify_compare(CLI::App& group, CommandLine& line) {
  auto* command = group.add_subcommand("compare", "two folders of models, or two calibrations, on the same rows");
  const auto options = std::make_shared<Options>();  // shared with the callback, which outlives this function
  command->add_option("A", options->a, "folder of models, or a calibration file for those of --models")
      ->required()
      ->check(CLI::ExistingPath);
  command->add_option("B", options->b, "the same: what would come in its place")->required()->check(CLI::ExistingPath);
  command->add_option("--models", options->models, "folder of models that calibration files are for")->capture_default_str();
  command->add_option("--data", options->data, "folder with sets.yaml and the sets")->capture_default_str();
  command->add_option("--encoder", options->encoder, "GGUF file of the encoder, or none; default: the fetched one if there are heads");
  command->add_option("--encoder-b", options->encoder_b, "that of B, if another");
  command->add_option("--rows-max", options->rows_max, "of each set, by the hash of their ids; 0: all")->capture_default_str();
  command->add_option("--out", options->out, "the tables in Markdown");
  command->add_option("--rows", options->rows, "JSONL: set, id and categories of each row where they differ");
  command->callback([&line, options] {
    const auto result = compare(*options);
    line.exit_code = result ? *result : report(result.error());
  });
}

}  // namespace steward::app
