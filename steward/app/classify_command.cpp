#include <map>

#include <fmt/format.h>

#include "steward/app/command.h"
#include "steward/classify/dataset.h"
#include "steward/classify/evaluation.h"
#include "steward/classify/linear_trainer.h"
#include "steward/text/view.h"

namespace steward::app {
namespace {

struct Options {
  std::string data = "data/detection";
  std::string from;
};

constexpr std::size_t kTextBytesMax = 4096;

Result<int> prepare(const Options& options) {
  for (const std::string& line : TRY(classify::prepare_data(options.from, options.data))) fmt::print("{}\n", line);
  return kExitOk;
}

Result<int> loso(const Options& options) {
  const auto sets = TRY(classify::read_data(options.data));
  std::vector<std::vector<std::vector<std::uint32_t>>> features(sets.size());
  for (std::size_t s = 0; s < sets.size(); ++s)
    for (const auto& example : sets[s].examples) {
      const std::string_view text = std::string_view(example.text).substr(0, text::char_floor(example.text, kTextBytesMax));
      features[s].push_back(classify::feature_rows(text::Views(text).repaired().text()));
    }
  const auto all = classify::measurements(sets);
  std::map<std::string, std::pair<double, int>> sums;
  for (const std::string& group : classify::measured_groups(sets)) {
    const auto places = classify::training_places(sets, group);
    const auto weights = classify::set_weights(places);
    std::vector<classify::TrainingRow> rows;
    for (std::size_t i = 0; i < places.size(); ++i)
      rows.push_back({features[places[i].set][places[i].row], sets[places[i].set].examples[places[i].row].targets, weights[i]});
    const auto model = classify::train_linear(rows, {});
    for (const auto& m : all) {
      if (m.group != group) continue;
      std::vector<classify::Scored> scored;
      for (std::size_t i = 0; i < m.rows.size(); ++i) {
        const auto& f = features[m.rows[i].set][m.rows[i].row];
        double score = 0;
        for (const auto row : f) score += model.table[std::size_t{row} * classify::kLabelCount + m.label];
        score = model.bias[m.label] + score / std::sqrt(static_cast<double>(f.size()) + 1e-9);
        scored.push_back({score, m.positive[i], i});
      }
      const double ap = classify::average_precision(scored);
      fmt::print("{} {} {} n={} AP {:.3f} AUROC {:.3f} R@1% {:.3f}\n", m.set, m.language, classify::kLabels[m.label], m.rows.size(), ap,
                 classify::auroc(scored), classify::recall_at_fpr(scored, 0.01));
      std::fflush(stdout);
      if (m.language == "en") {
        sums[m.task].first += ap;
        sums[m.task].second += 1;
      }
    }
  }
  for (const auto& [task, sum] : sums) fmt::print("{}: {:.3f} over {}\n", task, sum.first / sum.second, sum.second);
  return kExitOk;
}

int finish(const Result<int>& result) { return result ? *result : report(result.error()); }

}  // namespace

void add_classify_command(CLI::App& app, CommandLine& line) {
  auto* command = app.add_subcommand("classify", "learned detection: prepare data, train, calibrate, evaluate");
  command->require_subcommand(1);
  const auto options = std::make_shared<Options>();
  auto* prepare_command = command->add_subcommand("prepare", "take the data sets that sets.yaml names from a collection");
  prepare_command->add_option("--from", options->from, "folder of the collection: SET.jsonl.zst")->required();
  prepare_command->add_option("--data", options->data, "folder with sets.yaml");
  prepare_command->callback([&line, options] { line.exit_code = finish(prepare(*options)); });
  auto* loso_command = command->add_subcommand("loso", "");
  loso_command->add_option("--data", options->data, "folder with sets.yaml");
  loso_command->callback([&line, options] { line.exit_code = finish(loso(*options)); });
}

}  // namespace steward::app
