#include "steward/app/detection_report.h"

#include <time.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include <fmt/format.h>

#include "steward/app/detection_disguises.h"
#include "steward/classify/metrics.h"
#include "steward/filters/classifier/meanings.h"
#include "steward/text/view.h"

namespace steward::app {
namespace {

using classify::Measurement;
using classify::Place;
using classify::Scored;

constexpr int kRounds = 200;
constexpr int kBins = 15;

constexpr std::string_view kHeader =
    "# How good detection is\n\n`make bench-detection` makes this page from the repository alone; do not edit it. What the models are: "
    "`steward/filters/classifier/README.md`, their data and licences: `models/detection/card.md`, why so: "
    "`docs/design/0009-learned-detection.md`.\n\n";

std::string with_interval(const Interval& interval) {
  return fmt::format("{:.3f} ({:.3f} to {:.3f})", interval.value, interval.low, interval.high);
}

/// Clusters are numbered as they come.
class ClusterNumbers {
 public:
  std::size_t of(const std::string& cluster) { return numbers_.emplace(cluster, numbers_.size()).first->second; }

 private:
  std::map<std::string, std::size_t> numbers_;
};

std::vector<Scored> scored_rows(const ReportInput& input, const Measurement& measurement,
                                const std::function<double(const Place&)>& score) {
  std::vector<Scored> rows;
  ClusterNumbers clusters;
  for (std::size_t i = 0; i < measurement.rows.size(); ++i) {
    const Place& place = measurement.rows[i];
    const double value = score(place);
    rows.push_back({std::isnan(value) ? -1e9 : value, measurement.positive[i],
                    clusters.of(input.data.sets()[place.set].info.name + input.data.example(place).cluster)});
  }
  return rows;
}

double threshold(const ReportInput& input, std::size_t label, const std::string& language, classify::Part part) {
  const auto found = input.calibration.labels.find(std::string(classify::kLabels[label]));
  if (found == input.calibration.labels.end()) return std::numeric_limits<double>::infinity();
  const auto& curve = part == classify::Part::kReply ? classify::Calibration::reply_curve(found->second)
                                                     : classify::Calibration::curve(found->second, language);
  return curve.score_at(input.calibration.budget);
}

classify::Mix mix_of(const ReportInput& input, std::size_t label) {
  const auto found = input.calibration.labels.find(std::string(classify::kLabels[label]));
  return found == input.calibration.labels.end() ? classify::Mix{} : found->second.mix;
}

double probability_error(const ReportInput& input, std::size_t label, std::vector<Scored> rows) {
  const auto found = input.calibration.labels.find(std::string(classify::kLabels[label]));
  if (found == input.calibration.labels.end()) return 1;
  for (Scored& row : rows) row.score = found->second.platt(row.score);
  return classify::expected_calibration_error(rows, kBins);
}

/// True if the filter would report any label that it reads in this part of a conversation.
bool is_flagged(const ReportInput& input, const classify::LabelScores& scores, const std::string& language, classify::Part part) {
  return std::any_of(input.calibration.labels.begin(), input.calibration.labels.end(), [&](const auto& entry) {
    const std::size_t label = *classify::label_index(entry.first);
    const filters::Meaning* meaning = filters::meaning_of(label);
    if (!meaning || !filters::has_evidence(entry.second)) return false;
    const bool read = part == classify::Part::kReply  ? meaning->on_output
                      : part == classify::Part::kData ? meaning->of_data
                                                      : meaning->on_input;
    return read && scores[label] >= threshold(input, label, language, part);
  });
}

struct Average {
  double linear = 0, encoder = 0, structure = 0, combined = 0, recall = 0, strict = 0;
  int sets = 0;
};

std::string left_out_table(const ReportInput& input, std::map<std::string, Average>& averages,
                           std::map<std::string, std::map<std::string, double>>& by_language) {
  std::string out =
      "| set | language | label | rows | positive | AUPRC linear | encoder | structure | cascade | AUROC | recall at 1 % FPR | at 0.1 % | "
      "at 1 %, all unseen | F1 at the threshold | ECE |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n";
  for (const Measurement& m : classify::measurements(input.data.sets())) {
    const auto score = [&](const std::function<double(const ExampleScores&)>& of) {
      return scored_rows(input, m, [&](const Place& place) { return of(input.left_out.of(place, m.set_number)); });
    };
    const auto precision = [&](const std::function<double(const ExampleScores&)>& of) { return classify::average_precision(score(of)); };
    const double ap_linear = precision([&](const ExampleScores& scores) { return scores.alone.linear[m.label]; });
    const double ap_encoder = precision([&](const ExampleScores& scores) { return scores.alone.encoder[m.label]; });
    const bool weighs = filters::weighs_structure(m.label);
    const double ap_structure = weighs ? precision([](const ExampleScores& scores) { return scores.alone.structure; }) : 0;
    const auto combined = score([&](const ExampleScores& scores) { return scores.combined[m.label]; });
    const Interval ap = bootstrap(combined, classify::average_precision, kRounds);
    const Interval recall = bootstrap(combined, [](std::span<const Scored> rows) { return classify::recall_at_fpr(rows, 0.01); }, kRounds);
    const auto strict =
        scored_rows(input, m, [&](const Place& place) { return input.left_out.rows[place.set][place.row].combined[m.label]; });
    const double strict_recall = classify::recall_at_fpr(strict, 0.01);
    const auto positives = std::count(m.positive.begin(), m.positive.end(), true);
    out += fmt::format("| {}{} | {} | {} | {} | {} | {:.3f} | {:.3f} | {} | {} | {:.3f} | {} | {:.3f} | {:.3f} | {:.3f} | {:.3f} |\n",
                       m.set, m.borrows_negatives ? " +" : "", m.language, classify::kLabels[m.label], m.rows.size(), positives, ap_linear,
                       ap_encoder, weighs ? fmt::format("{:.3f}", ap_structure) : "", with_interval(ap), classify::auroc(combined),
                       with_interval(recall), classify::recall_at_fpr(combined, 0.001), strict_recall,
                       classify::f1_at(strict, threshold(input, m.label, m.language, input.data.sets()[m.set_number].info.part)),
                       probability_error(input, m.label, strict));
    by_language[m.set][m.language] = ap.value;
    if (m.language != "en") continue;
    Average& average = averages[m.task];
    average.linear += ap_linear;
    average.encoder += ap_encoder;
    average.structure += ap_structure;
    average.combined += ap.value;
    average.recall += recall.value;
    average.strict += strict_recall;
    ++average.sets;
  }
  return out;
}

std::string averages_table(const std::map<std::string, Average>& averages) {
  std::string out =
      "| task | sets | AUPRC linear | encoder | structure | cascade | gain over linear | recall at 1 % FPR | all unseen "
      "|\n|---|---|---|---|---|---|---|---|---|\n";
  Average all;
  const auto row = [&](const std::string& name, const Average& a) {
    const double n = a.sets;
    out += fmt::format("| {} | {} | {:.3f} | {:.3f} | {} | {:.3f} | {:+.3f} | {:.3f} | {:.3f} |\n", name, a.sets, a.linear / n,
                       a.encoder / n, a.structure > 0 ? fmt::format("{:.3f}", a.structure / n) : "", a.combined / n,
                       (a.combined - a.linear) / n, a.recall / n, a.strict / n);
  };
  for (const auto& [task, average] : averages) {
    row(task, average);
    if (task != "toxic" && task != "unsafe" && task != "attack") continue;
    all.linear += average.linear;
    all.encoder += average.encoder;
    all.combined += average.combined;
    all.recall += average.recall;
    all.strict += average.strict;
    all.sets += average.sets;
  }
  if (all.sets > 0) row("**harm and attacks**", all);
  return out;
}

std::string benign_table(const ReportInput& input, const std::function<classify::LabelScores(const Place&)>& scores) {
  std::string out = "| set | kind | rows | flagged in any category |\n|---|---|---|---|\n";
  std::map<std::string, std::pair<double, double>> sums;
  for (std::size_t s = 0; s < input.data.sets().size(); ++s) {
    const classify::DataSet& set = input.data.sets()[s];
    if (set.info.task != "benign" && set.info.task != "look_alike" && set.info.task != "background" && set.info.task != "benign_reply")
      continue;
    std::vector<Scored> rows;
    ClusterNumbers clusters;
    for (std::size_t r = 0; r < set.examples.size(); ++r) {
      if (set.examples[r].split == "train" && set.info.trains) continue;
      rows.push_back({is_flagged(input, scores({s, r}), classify::primary_language(set.examples[r].language), set.info.part) ? 1.0 : 0.0,
                      false, clusters.of(set.examples[r].cluster)});
    }
    if (rows.size() < 20) continue;
    const auto share = [](std::span<const Scored> sample) {
      double flagged = 0;
      for (const Scored& row : sample) flagged += row.score;
      return sample.empty() ? 0 : flagged / static_cast<double>(sample.size());
    };
    const Interval interval = bootstrap(rows, share, kRounds);
    out += fmt::format("| {} | {} | {} | {:.2f} % ({:.2f} to {:.2f}) |\n", set.info.name, set.info.task, rows.size(), 100 * interval.value,
                       100 * interval.low, 100 * interval.high);
    sums[set.info.task].first += interval.value;
    sums[set.info.task].second += 1;
  }
  for (const auto& [task, sum] : sums)
    out += fmt::format("| **mean of {} sets** | {} | | {:.2f} % |\n", sum.second, task, 100 * sum.first / sum.second);
  return out;
}

std::string language_table(const std::map<std::string, std::map<std::string, double>>& by_language) {
  std::string out = "| set | language | AUPRC | of English |\n|---|---|---|---|\n";
  for (const auto& [set, languages] : by_language) {
    const auto english = languages.find("en");
    if (english == languages.end()) continue;
    for (const auto& [language, value] : languages)
      if (language != "en") out += fmt::format("| {} | {} | {:.3f} | {:.2f} |\n", set, language, value, value / english->second);
  }
  return out;
}

double thread_ms() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

bool needs_encoder(const ReportInput& input, const filters::TextScores& scores) {
  return std::any_of(input.calibration.labels.begin(), input.calibration.labels.end(), [&](const auto& entry) {
    const std::size_t label = *classify::label_index(entry.first);
    return filters::meaning_of(label) && filters::has_evidence(entry.second) &&
           filters::combine_early(entry.second.mix, label, scores) >= entry.second.gate;
  });
}

/// CPU of the cascade as the filter runs it, over the dev rows of the benign sets.
Result<std::string> cost_table(const ReportInput& input) {
  std::vector<double> linear_us, all_us;
  double encoder_ms = 0, encoded = 0;
  for (const classify::DataSet& set : input.data.sets()) {
    if (set.info.task != "benign") continue;
    for (const classify::Example& example : set.examples) {
      if (example.split == "train") continue;
      const double began = thread_ms();
      const text::Views views(example.text);
      const std::string_view repaired = views.repaired().text();
      filters::TextScores scores = input.shipped.score_linear(repaired);
      input.shipped.add_structure(views, filters::Voice::kUser, scores);
      const double middle = thread_ms();
      if (input.shipped.has_encoder() && needs_encoder(input, scores)) {
        TRY(input.shipped.add_encoder(repaired, scores));
        encoder_ms += thread_ms() - middle;
        encoded += 1;
      }
      linear_us.push_back((middle - began) * 1e3);
      all_us.push_back((thread_ms() - began) * 1e3);
    }
  }
  if (all_us.empty()) return std::string();
  const auto mean = [](const std::vector<double>& values) {
    double sum = 0;
    for (const double value : values) sum += value;
    return sum / static_cast<double>(values.size());
  };
  std::sort(all_us.begin(), all_us.end());
  return fmt::format(
      "| | |\n|---|---|\n| benign prompts (dev and test rows of the benign sets) | {} |\n| linear tier and structure, with their views, "
      "mean | {:.1f} µs |\n| encoder, "
      "mean where it ran | "
      "{:.2f} ms |\n| prompts that go on to the encoder | {:.1f} % |\n| cascade, median | {:.0f} µs |\n| cascade, mean | {:.2f} ms |\n",
      all_us.size(), mean(linear_us), encoded == 0 ? 0 : encoder_ms / encoded, 100 * encoded / static_cast<double>(all_us.size()),
      all_us[all_us.size() / 2], mean(all_us) / 1e3);
}

/// Subgroup AUCs of Borkan et al. 2019 (arXiv:1903.04561) for the identity terms of a set of templates.
std::string subgroup_table(const ReportInput& input) {
  constexpr std::string_view kTerms[] = {"lesbian", "gay",    "bisexual",  "transgender", "black",   "white",   "asian",
                                         "muslim",  "jewish", "christian", "catholic",    "old",     "young",   "blind",
                                         "deaf",    "female", "male",      "african",     "mexican", "american"};
  std::string out = "| term | rows | subgroup AUC | BPSN AUC | BNSP AUC |\n|---|---|---|---|---|\n";
  const std::size_t label = *classify::label_index("toxic");
  for (std::size_t s = 0; s < input.data.sets().size(); ++s) {
    const classify::DataSet& set = input.data.sets()[s];
    if (set.info.name != "madlibs") continue;
    for (const std::string_view term : kTerms) {
      std::vector<Scored> subgroup, bpsn, bnsp;
      for (std::size_t r = 0; r < set.examples.size(); ++r) {
        const classify::Example& example = set.examples[r];
        if (!example.targets.known(label)) continue;
        const std::string padded = " " + text::fold_text(example.text) + " ";
        const bool inside = padded.find(" " + std::string(term) + " ") != std::string::npos;
        const bool positive = example.targets.positive(label);
        const Scored row{input.left_out.rows[s][r].combined[label], positive, r};
        if (inside) subgroup.push_back(row);
        if (inside != positive) bpsn.push_back(row);  // benign with the term, toxic without
        if (inside == positive) bnsp.push_back(row);  // toxic with the term, benign without
      }
      if (subgroup.size() < 20) continue;
      out += fmt::format("| {} | {} | {:.3f} | {:.3f} | {:.3f} |\n", term, subgroup.size(), classify::auroc(subgroup),
                         classify::auroc(bpsn), classify::auroc(bnsp));
    }
  }
  return out;
}

/// The shipped models, which trained on the sets' train rows, on rows of one split.
Result<std::string> shipped_table(const ReportInput& input, const std::string& split) {
  std::string out =
      "| set | language | label | rows | positive | AUPRC | AUROC | F1 at the threshold |\n|---|---|---|---|---|---|---|---|\n";
  for (std::size_t s = 0; s < input.data.sets().size(); ++s) {
    const classify::DataSet& set = input.data.sets()[s];
    if (set.info.label.empty()) continue;
    const std::size_t label = *classify::label_index(set.info.label);
    std::map<std::string, std::vector<Scored>> by_language;
    for (std::size_t r = 0; r < set.examples.size(); ++r) {
      const classify::Example& example = set.examples[r];
      if (example.split != split || !example.targets.known(label)) continue;
      const text::Views views(example.text);
      filters::TextScores scores = input.shipped.score_linear(views.repaired().text());
      input.shipped.add_structure(views, input.data.speaker({s, r}), scores);
      if (input.shipped.has_encoder()) TRY(input.shipped.add_encoder(views.repaired().text(), scores));
      const double score = filters::combine(mix_of(input, label), label, scores, example.language);
      by_language[classify::primary_language(example.language)].push_back({score, example.targets.positive(label), r});
    }
    for (const auto& [language, rows] : by_language) {
      const auto positives = std::count_if(rows.begin(), rows.end(), [](const Scored& row) { return row.positive; });
      if (positives < 10 || rows.size() - static_cast<std::size_t>(positives) < 10) continue;
      out += fmt::format("| {} | {} | {} | {} | {} | {:.3f} | {:.3f} | {:.3f} |\n", set.info.name, language, set.info.label, rows.size(),
                         positives, classify::average_precision(rows), classify::auroc(rows),
                         classify::f1_at(rows, threshold(input, label, language, set.info.part)));
    }
  }
  return out;
}

/// True if the filter reports the label.
bool reports(const ReportInput& input, std::size_t label) {
  const auto found = input.calibration.labels.find(std::string(classify::kLabels[label]));
  return filters::meaning_of(label) && found != input.calibration.labels.end() && filters::has_evidence(found->second);
}

std::string heads_table(const ReportInput& input) {
  std::string out = "| label | positive rows | negative rows | head |\n|---|---|---|---|\n";
  for (std::size_t label = 0; label < classify::kLabelCount; ++label) {
    std::size_t positives = 0, negatives = 0;
    for (const Place& place : classify::training_places(input.data.sets(), "")) {
      positives += input.data.example(place).targets.positive(label) ? 1 : 0;
      negatives += input.data.example(place).targets.negative(label) ? 1 : 0;
    }
    out += fmt::format("| {} | {} | {} | {} |\n", classify::kLabels[label], positives, negatives,
                       !input.shipped.has(label) ? "**none: not enough evidence**"
                       : reports(input, label)   ? "yes"
                                                 : "trained, not reported");
  }
  return out;
}

}  // namespace

Result<std::string> detection_report(const ReportInput& input) {
  std::map<std::string, Average> averages;
  std::map<std::string, std::map<std::string, double>> by_language;
  const std::string left_out = left_out_table(input, averages, by_language);
  std::string out =
      std::string(kHeader) +
      "## Sets left out\n\nEach row was scored by models that had seen no set of its group. `+`: the set has positives alone, and borrows "
      "held-out rows of benign sets, scored by the same models. \"All unseen\": these rows, too, by models that had not seen their sets, "
      "each set by its own; so are the last two columns. Intervals are 95 %, drawn by source prompt.\n\n" +
      averages_table(averages) + "\n" + left_out;
  out += "\n## Benign texts\n\nAt the shipped thresholds, by models that had not seen the set; rows that no threshold was chosen on.\n\n" +
         benign_table(input, [&](const Place& place) { return input.left_out.rows[place.set][place.row].combined; });
  out += "\n## Languages beside English\n\n" + language_table(by_language);
  out += "\n## Identity terms\n\n" + subgroup_table(input);
  out +=
      "\n## Disguises\n\nThe filter as the guard runs it, on held-out English texts of at most 400 bytes; points of recall and of false "
      "positives against the "
      "plain texts.\n\n" +
      TRY(disguise_table(input.data, input.filter));
  out += "\n## Cost\n\n" + TRY(cost_table(input));
  out += "\n## The shipped models on dev rows of sets they trained on\n\n" + TRY(shipped_table(input, "dev"));
  out += "\n## The shipped models on test rows\n\n" + TRY(shipped_table(input, "test"));
  return out;
}

std::string detection_card(const ReportInput& input) {
  std::string out = fmt::format("# Card of the detection models\n\nMade by `steward classify train`; do not edit. Models {}.\n\n",
                                input.shipped.digest());
  out +=
      "Two tiers: a linear model on hashed n-grams, and heads over a frozen sentence encoder (multilingual-e5-small, MIT). They report "
      "probabilities of the labels below; the policy decides what follows. They judge texts, not people, and miss what their data do not "
      "show: "
      "see docs/detection.md for figures on sets that they did not see.\n\n## Heads\n\n" +
      heads_table(input);
  out +=
      "\n## Data\n\nShare-alike sources (tier B) are marked.\n\n| set | rows | licence | tier | trained on | note "
      "|\n|---|---|---|---|---|---|\n";
  for (const classify::DataSet& set : input.data.sets())
    out += fmt::format("| {} | {} | {} | {} | {} | {} |\n", set.info.name, set.examples.size(), set.info.licence, set.info.tier,
                       set.info.trains ? "yes" : "no, only measured", set.info.note);
  return out;
}

}  // namespace steward::app
