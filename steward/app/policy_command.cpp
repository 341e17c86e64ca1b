#include <algorithm>

#include <fmt/format.h>

#include "steward/app/command.h"
#include "steward/app/models.h"
#include "steward/app/profiles.h"
#include "steward/core/clock.h"
#include "steward/filters/classifier/reach.h"
#include "steward/policy/check.h"
#include "steward/policy/explain.h"
#include "steward/policy/policy_tests.h"

namespace steward::app {
namespace {

struct Options {
  std::string profile = "default";
  std::string file;   ///< a policy file instead of a product's profile
  std::string other;  ///< for diff
  std::string category, subtype;
  std::string direction = "input";
  int severity = 2;
  double score = 1;
  policy::Context context;
};

const Clock& clock_of_commands() {
  static const SystemClock clock;
  return clock;
}

Result<std::string> path_of(const CommandLine& line, const Options& options) {
  if (!options.file.empty()) return options.file;
  const Product product = TRY(load_product(line.product_dir));
  const auto found = product.policies.find(options.profile);
  if (found == product.policies.end())
    return fail(ErrorCode::kNotFound, fmt::format("the product has no profile '{}'; see `policies:` in product.yaml", options.profile));
  return found->second;
}

Result<std::shared_ptr<const guard::Guard>> guard_of(const CommandLine& line, const Options& options, ProductModels& models) {
  return load_guard(TRY(path_of(line, options)), clock_of_commands(), models.for_filters());
}

Result<int> check(const CommandLine& line, const Options& options) {
  ProductModels models(line.product_dir);
  const auto guard = TRY(guard_of(line, options, models));
  policy::CheckOptions checks;
  checks.today_days = clock_of_commands().now_us() / 86'400'000'000;
  if (options.file.empty()) {
    const Product product = TRY(load_product(line.product_dir));
    checks.languages = product.languages;
    checks.jurisdictions = product.jurisdictions;
  }
  const std::string path = TRY(path_of(line, options));
  for (const policy::FilterSpec& spec : guard->policy().filters())
    if (spec.kind == "classifier" && !spec.shadow)
      checks.reaches.push_back(TRY(filters::reach_of_classifier(spec, environment_of(path, guard->policy()))));
  const Style style = terminal_style();
  int errors = 0, warnings = 0;
  for (const policy::Problem& problem : policy::check(guard->policy(), checks)) {
    const bool error = problem.level == policy::Level::kError;
    ++(error ? errors : warnings);
    fmt::print("{}{}{} {}: {}\n", error ? style.red : style.yellow, error ? "error" : "warning", style.reset,
               yaml::to_string(problem.where), problem.words);
  }
  fmt::print("{}{}{} {} {}: {} errors, {} warnings\n", errors ? style.red : style.green, errors ? "not ok" : "ok", style.reset,
             guard->policy().id(), guard->policy().version(), errors, warnings);
  return static_cast<int>(errors ? kExitNo : kExitOk);
}

Result<int> explain(const CommandLine& line, const Options& options) {
  ProductModels models(line.product_dir);
  const auto guard = TRY(guard_of(line, options, models));
  const auto& ids = guard->policy().category_ids();
  if (std::find(ids.begin(), ids.end(), options.category) == ids.end())
    return fail(ErrorCode::kNotFound, fmt::format("the policy has no category '{}'; it has: {}", options.category, fmt::join(ids, ", ")));
  const auto direction = options.direction == "output" ? policy::Direction::kOutput : policy::Direction::kInput;
  fmt::print("{}", policy::explain(guard->policy(), options.context,
                                   {options.category, options.subtype, options.severity, options.score, direction}));
  return static_cast<int>(kExitOk);
}

Result<int> diff(const CommandLine& line, const Options& options) {
  ProductModels models(line.product_dir);
  const auto before = TRY(guard_of(line, options, models));
  const auto after = TRY(load_guard(options.other, clock_of_commands(), models.for_filters()));
  const auto lines = policy::diff(before->policy(), after->policy());
  for (const std::string& one : lines) fmt::print("{}\n", one);
  if (lines.empty()) fmt::print("no difference\n");
  return static_cast<int>(lines.empty() ? kExitOk : kExitNo);
}

Result<int> test(const CommandLine& line, const Options& options) {
  ProductModels models(line.product_dir);
  const auto guard = TRY(guard_of(line, options, models));
  const auto observe = [&](const policy::Context& context, policy::Direction direction, std::string_view text) {
    const guard::Decision decision = guard->check_text(context, direction, text);
    policy::Observed observed{decision.action, decision.supportive, {}};
    for (const auto& ruled : decision.findings) observed.categories.push_back(ruled.finding.category);
    return observed;
  };
  const Style style = terminal_style();
  int failed = 0;
  const auto outcomes = TRY(policy::run_tests(guard->policy(), observe));
  for (const policy::TestOutcome& outcome : outcomes) {
    if (outcome.passed) continue;
    ++failed;
    fmt::print("{}failed{} {} ({}): {}\n", style.red, style.reset, outcome.name, yaml::to_string(outcome.where), outcome.words);
  }
  fmt::print("{} passed, {} failed\n", outcomes.size() - static_cast<std::size_t>(failed), failed);
  return static_cast<int>(failed ? kExitNo : kExitOk);
}

using Run = Result<int> (*)(const CommandLine&, const Options&);

CLI::App* add(CLI::App& group, CommandLine& line, const std::shared_ptr<Options>& options, const char* name, const char* words, Run run) {
  auto* command = group.add_subcommand(name, words);
  add_product_option(*command, line);
  command->add_option("--profile", options->profile, "Policy profile of the product")->capture_default_str();
  command->add_option("--file", options->file, "A policy file instead of a product's profile");
  command->callback([&line, options, run] {
    const auto result = run(line, *options);
    line.exit_code = result ? *result : report(result.error());
  });
  return command;
}

}  // namespace

void add_policy_command(CLI::App& app, CommandLine& line) {
  auto* group = app.add_subcommand("policy", "The content policy: check | explain | diff | test");
  group->require_subcommand(1);
  auto options = std::make_shared<Options>();
  add(*group, line, options, "check", "Parse it, make its filters, and find what is uncovered; exit 1 on errors", check);
  auto* explain_command =
      add(*group, line, options, "explain", "For whom, where, which category: what happens, and the line that decided", explain);
  explain_command->add_option("CATEGORY", options->category, "Category id")->required();
  explain_command->add_option("--subtype", options->subtype, "Subtype");
  explain_command->add_option("--severity", options->severity, "0 to 3")->check(CLI::Range(0, 3))->capture_default_str();
  explain_command->add_option("--score", options->score, "Calibrated probability")->check(CLI::Range(0.0, 1.0))->capture_default_str();
  explain_command->add_option("--direction", options->direction, "input | output")
      ->check(CLI::IsMember({"input", "output"}))
      ->capture_default_str();
  explain_command->add_option("--age-band", options->context.age_band, "u13 | 13-15 | 16-17 | 18+ | unknown")->capture_default_str();
  explain_command->add_option("--jurisdiction", options->context.jurisdiction, "ISO 3166-1 code or unknown")->capture_default_str();
  explain_command->add_option("--language", options->context.language, "BCP 47 tag or und")->capture_default_str();
  explain_command->add_option("--audience", options->context.audience, "Audience")->capture_default_str();
  explain_command->add_option("--surface", options->context.surface, "chat | completions | api")->capture_default_str();
  auto* diff_command = add(*group, line, options, "diff", "In words, what another policy file would change; exit 1 if anything", diff);
  diff_command->add_option("OTHER", options->other, "The other policy file")->required();
  add(*group, line, options, "test", "Run the policy's own tests through the whole guard; exit 1 if one fails", test);
}

}  // namespace steward::app
