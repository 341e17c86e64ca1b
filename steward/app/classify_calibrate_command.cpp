#include <filesystem>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "steward/app/classify_commands.h"
#include "steward/app/traffic_calibration.h"
#include "steward/classify/binomial.h"

namespace steward::app {
namespace {

struct Options {
  ModelChoice models;
  std::string traffic, out;
  std::string data = "data/detection";
  TrafficOptions calibration;
};

std::string share(std::size_t count, std::size_t of) {
  return of == 0 ? "" : fmt::format("{:.2f} %", 100.0 * static_cast<double>(count) / static_cast<double>(of));
}

std::string share_with_interval(std::size_t count, std::size_t of) {
  const Interval interval = classify::exact_interval(count, of, 0.95);
  return fmt::format("{} ({:.2f} to {:.2f})", share(count, of), 100 * interval.low, 100 * interval.high);
}

std::string thresholds(const CategoryChange& change) {
  std::vector<std::string> out;
  for (const ThresholdChange& one : change.thresholds)
    out.push_back(fmt::format("{} {:.3f} -> {:.3f}", classify::kLabels[one.label], one.before, one.after));
  return fmt::format("{}", fmt::join(out, ", "));
}

void print(const TrafficCalibration& result, const Traffic& traffic, const Options& options) {
  constexpr std::string_view kRow = "{:<20} {:>6}  {:<26} {:<26} {:<28} {}\n";
  const std::size_t texts = traffic.texts.size();
  fmt::print(
      "{} distinct texts ({} repeated, {} lines left out); budget {:g} a category, {:g} % confidence; budgets below {:g} stay as "
      "they were\n\n",
      texts, traffic.repeated, traffic.bad.size(), result.budget, 100 * options.calibration.confidence, result.least_budget);
  fmt::print(fmt::runtime(kRow), "category", "rows", "flagged as shipped", "flagged now", "recall on dev rows",
             "thresholds, as probabilities");
  for (const CategoryChange& change : result.categories) {
    const std::string recall = change.positives == 0 ? "no rows"
                                                     : fmt::format("{} -> {} of {}", share(change.found_before, change.positives),
                                                                   share(change.found_after, change.positives), change.positives);
    fmt::print(fmt::runtime(kRow), change.category, texts, share_with_interval(change.flagged_before, texts),
               share_with_interval(change.flagged_after, texts), recall, thresholds(change));
  }
  fmt::print(fmt::runtime(kRow), "any", texts, share_with_interval(result.flagged_before, texts),
             share_with_interval(result.flagged_after, texts), "", "");
}

Result<int> calibrate(const Options& options) {
  const Traffic traffic = TRY(read_traffic(options.traffic));
  for (const std::string& line : traffic.bad) fmt::print(stderr, "left out: {}\n", line);
  Encoders encoders;
  const ChosenModels models = TRY(open_chosen(options.models, encoders));
  TrafficCalibration result = TRY(calibrate_on_traffic(models, traffic.texts, options.calibration));
  std::error_code ignored;
  if (std::filesystem::exists(options.data + "/sets.yaml", ignored)) {
    const std::vector<classify::DataSet> sets = TRY(classify::read_data(options.data));
    TRY(add_recall(models, sets, result));
  }
  print(result, traffic, options);
  if (options.out.empty()) return static_cast<int>(kExitOk);
  TRY(classify::write_calibration(options.out, result.calibration));
  fmt::print("\n{}: name it in the filter's config, `calibration: {}`\n", options.out,
             std::filesystem::path(options.out).filename().string());
  return static_cast<int>(kExitOk);
}

}  // namespace

void add_classify_calibrate(CLI::App& group, CommandLine& line) {
  auto* command = group.add_subcommand("calibrate", "thresholds from your own benign traffic: what it flags now, and what new ones cost");
  const auto options = std::make_shared<Options>();  // shared with the callback, which outlives this function
  command->add_option("--traffic", options->traffic, "JSONL with `text` or `messages`, or a text a line")->required();
  command->add_option("--models", options->models.folder, "folder of linear.bin, heads.bin, calibration.json")->capture_default_str();
  command->add_option("--encoder", options->models.encoder,
                      "GGUF file of the encoder, or none; default: the fetched one if there are heads");
  command->add_option("--out", options->out, "where the new calibration goes; without it, only the table is printed");
  command->add_option("--budget", options->calibration.budget, "share of the texts that a category may flag; default: the models' own")
      ->check(CLI::Range(0.0001, 0.1));
  command->add_option("--confidence", options->calibration.confidence, "with which budgets hold")
      ->check(CLI::Range(0.5, 0.9999))
      ->capture_default_str();
  command->add_flag("--allow-lower", options->calibration.may_lower, "thresholds may also fall below the shipped ones");
  command->add_option("--data", options->data, "data sets whose dev rows show the recall; nothing is printed if there are none")
      ->capture_default_str();
  command->callback([&line, options] {
    const auto result = calibrate(*options);
    line.exit_code = result ? *result : report(result.error());
  });
}

}  // namespace steward::app
