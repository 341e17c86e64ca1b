#include "steward/eval/metrics/measure.h"

#include <fmt/format.h>

#include "steward/core/check.h"
#include "steward/eval/metrics/rouge.h"
#include "steward/eval/metrics/squad.h"

namespace steward::eval {
namespace {

std::vector<std::string> names_of(Task task) {
  switch (task) {
    case Task::kSummary:
      return {"ROUGE-1", "ROUGE-2", "ROUGE-L"};
    case Task::kAnswer:
      return {"exact match", "F1"};
    case Task::kLabel:
      return {"accuracy", "names a label"};
  }
  return {};
}

std::vector<double> values_of(Task task, const Written& row, std::span<const std::string> labels) {
  if (task == Task::kSummary) {
    const Rouge scores = best_rouge(row.right, row.text);
    return {scores.one.f, scores.two.f, scores.longest.f};
  }
  if (task == Task::kAnswer) {
    const AnswerScore score = score_answer(row.right, row.text);
    return {score.exact, score.f1};
  }
  STEWARD_CHECK(row.right.size() == 1);
  const auto named = label_named(row.text, labels);
  return {named && labels[*named] == row.right[0] ? 1.0 : 0.0, named ? 1.0 : 0.0};
}

std::string points(const Interval& interval, const char* number) {
  const auto of = [number](double value) { return fmt::format(fmt::runtime(number), 100 * value); };
  return fmt::format("{} ({} … {})", of(interval.value), of(interval.low), of(interval.high));
}

}  // namespace

std::vector<Measure> measure(Task task, std::span<const Written> rows, std::span<const std::string> labels, int rounds) {
  std::vector<Measure> out;
  for (std::string& name : names_of(task)) out.push_back({std::move(name), {}, {}});
  for (const Written& row : rows) {
    const auto values = values_of(task, row, labels);
    for (std::size_t i = 0; i < out.size(); ++i) out[i].values.push_back(values[i]);
  }
  for (Measure& each : out) each.mean = bootstrap_mean(each.values, rounds);
  return out;
}

Interval gain(const Measure& before, const Measure& after, int rounds) {
  STEWARD_CHECK(before.values.size() == after.values.size());
  std::vector<double> gains(before.values.size());
  for (std::size_t i = 0; i < gains.size(); ++i) gains[i] = after.values[i] - before.values[i];
  return bootstrap_mean(gains, rounds);
}

std::string gain_table(const std::vector<Measure>& before, const std::vector<Measure>& after) {
  STEWARD_CHECK(before.size() == after.size());
  std::string out = "| measure | base | tuned | gain |\n|---|---|---|---|\n";
  for (std::size_t i = 0; i < before.size(); ++i)
    out += fmt::format("| {} | {} | {} | {} |\n", before[i].name, points(before[i].mean, "{:.1f}"), points(after[i].mean, "{:.1f}"),
                       points(gain(before[i], after[i]), "{:+.1f}"));
  return out;
}

}  // namespace steward::eval
