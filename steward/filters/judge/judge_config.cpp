#include "steward/filters/judge/judge_config.h"

#include <fmt/format.h>

#include "steward/filters/calibration.h"
#include "steward/policy/words.h"

namespace steward::filters {
namespace {

constexpr std::pair<std::string_view, Form> kForms[] = {
    {"llama_guard", Form::kLlamaGuard}, {"yes_no", Form::kYesNo}, {"choice", Form::kChoice}, {"complies", Form::kComplies}};
constexpr std::size_t kChoicesMax = 25;  // and none: 26 letters

Result<std::int64_t> integer_or(const yaml::Node& config, std::string_view key, std::int64_t fallback,
                                std::pair<std::int64_t, std::int64_t> range) {
  const yaml::Node* node = config.find(key);
  if (!node) return fallback;
  const std::int64_t value = TRY(node->as_integer());
  if (value < range.first || value > range.second)
    return yaml::fail_at(*node, fmt::format("{} is from {} to {}", key, range.first, range.second));
  return value;
}

Result<void> read_numbers(const yaml::Node& config, JudgeConfig& out) {
  out.timeout = std::chrono::milliseconds(TRY(integer_or(config, "timeout_ms", out.timeout.count(), {1, 600'000})));
  out.report = TRY(number_or(config, "report", out.report, {0, 1}));
  out.severity = static_cast<int>(TRY(integer_or(config, "severity", out.severity, {0, 3})));
  out.context_messages = static_cast<std::size_t>(TRY(integer_or(config, "context_messages", 4, {0, 16})));
  out.parallel = static_cast<std::size_t>(TRY(integer_or(config, "parallel", 1, {1, 64})));
  out.output.chars_min = static_cast<std::size_t>(TRY(integer_or(config, "piece_chars", 400, {1, 2000})));
  out.input.bytes_max = static_cast<std::size_t>(TRY(integer_or(config, "text_bytes", 3000, {256, 100'000})));
  if (const yaml::Node* reproducible = config.find("reproducible")) out.reproducible = TRY(reproducible->as_bool());
  const Calibration calibration = TRY(read_calibration(config));
  out.slope = calibration.slope;
  out.intercept = calibration.intercept;
  return {};
}

Result<void> read_orders(const yaml::Node& config, JudgeConfig& out) {
  const yaml::Node* swap = config.find("swap");
  if (out.form == Form::kLlamaGuard) {
    if (swap) return yaml::fail_at(*swap, "the form llama_guard has one order: leave `swap` out");
    out.orders = {Order::kForward};
    return {};
  }
  constexpr std::pair<std::string_view, bool> kSwaps[] = {{"average", true}, {"off", false}};
  const bool both = swap ? TRY(policy::read_word(*swap, kSwaps)) : true;
  if (!both) out.orders = {Order::kForward};
  return {};
}

/// A judge of compliance asks one question, about the conversation; the others ask about the policy's categories.
Result<void> read_categories(const policy::FilterSpec& spec, const policy::Policy& policy, JudgeSettings& out) {
  const yaml::Node* categories = spec.config.find("categories");
  const yaml::Node* category = spec.config.find("category");
  if (out.judge.form == Form::kComplies) {
    if (categories) return yaml::fail_at(*categories, "the form complies asks one question: name the one `category` of its findings");
    if (!category) return yaml::fail_at(spec.config, "name the `category` of its findings");
    if (spec.on_input) return yaml::fail_at(spec.config, "the form complies judges replies: give this filter `on: [output]`");
    const std::string id = TRY(category->as_string());
    out.definitions = TRY(definitions_of(policy, {id}, *category));
    return {};
  }
  if (category) return yaml::fail_at(*category, "only the form complies has one `category`: write `categories`");
  std::vector<std::string> ids;
  if (categories) ids = TRY(categories->as_strings());
  out.definitions = TRY(definitions_of(policy, ids, categories ? *categories : spec.config));
  if (out.judge.form == Form::kChoice && out.definitions.size() > kChoicesMax)
    return yaml::fail_at(spec.config, fmt::format("the form choice has letters for {} categories: name fewer `categories`", kChoicesMax));
  return {};
}

}  // namespace

Result<JudgeSettings> read_judge(const policy::FilterSpec& spec, const policy::Policy& policy) {
  TRY(yaml::check_keys(spec.config,
                       {"model", "form", "categories", "category", "swap", "timeout_ms", "report", "severity", "calibration",
                        "context_messages", "parallel", "reproducible", "piece_chars", "text_bytes"},
                       "the config of a judge"));
  JudgeSettings out;
  const yaml::Node* model = spec.config.find("model");
  if (!model) return yaml::fail_at(spec.config, "name the `model` that judges, by its id in product.yaml");
  out.model = TRY(model->as_string());
  if (const yaml::Node* form = spec.config.find("form")) out.judge.form = TRY(policy::read_word(*form, kForms));
  TRY(read_orders(spec.config, out.judge));
  TRY(read_numbers(spec.config, out.judge));
  TRY(read_categories(spec, policy, out));
  return out;
}

}  // namespace steward::filters
