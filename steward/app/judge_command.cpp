#include <iostream>
#include <sstream>

#include <fmt/format.h>

#include "steward/app/command.h"
#include "steward/app/models.h"
#include "steward/core/files.h"
#include "steward/filters/judge/judge_filter.h"
#include "steward/filters/judge/order_bias.h"

namespace steward::app {
namespace {

struct Options {
  std::string profile = "default";
  std::string file;    ///< a policy file instead of a product's profile
  std::string filter;  ///< name of the judge; empty: the policy's first
  std::string direction = "input";
  std::string texts;  ///< JSONL file; empty: stdin
  std::string text_field = "text", request_field, label_field;
};

struct Texts {
  std::vector<filters::Exhibit> exhibits;
  std::vector<double> labels;  ///< one for each, where a label was asked for
};

Result<Texts> read_texts(const Options& options) {
  std::istringstream given;
  if (!options.texts.empty()) given.str(TRY(read_file(options.texts)));
  std::istream& lines = options.texts.empty() ? std::cin : given;
  Texts out;
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.empty()) continue;
    const auto value = json::parse(line);
    if (!value || !value->is_object()) return fail(ErrorCode::kInvalidInput, fmt::format("line {}: write one JSON object a line", number));
    const json::Object& row = value->get_object();
    const auto text = TRY(json::get_string(row, options.text_field));
    if (!text)
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("line {}: no text in '{}'; name the field with --field", number, options.text_field));
    filters::Exhibit exhibit{{}, options.direction == "output" ? "assistant" : "user", *text};
    if (!options.request_field.empty())
      if (const auto request = TRY(json::get_string(row, options.request_field))) exhibit.before.push_back({"user", *request});
    out.exhibits.push_back(std::move(exhibit));
    if (options.label_field.empty()) continue;
    const auto label = TRY(json::get_number(row, options.label_field));
    if (!label) return fail(ErrorCode::kInvalidInput, fmt::format("line {}: no number in '{}' (--label)", number, options.label_field));
    out.labels.push_back(*label);
  }
  if (out.exhibits.empty()) return fail(ErrorCode::kInvalidInput, "there are no texts: give a JSONL file, or lines on stdin");
  return out;
}

Result<std::string> policy_path(const CommandLine& line, const Options& options) {
  if (!options.file.empty()) return options.file;
  const Product product = TRY(load_product(line.product_dir));
  const auto found = product.policies.find(options.profile);
  if (found == product.policies.end())
    return fail(ErrorCode::kNotFound, fmt::format("the product has no profile '{}'; see `policies:` in product.yaml", options.profile));
  return found->second;
}

Result<int> measure(const CommandLine& line, const Options& options) {
  ProductModels models(line.product_dir);
  const std::string path = TRY(policy_path(line, options));
  const auto policy = TRY(policy::Policy::load(path, {shipped_policies_dir()}));
  const auto judge = TRY(filters::judge_of(*policy, options.filter, models.source()));
  const Texts texts = TRY(read_texts(options));
  const filters::OrderBias bias = TRY(filters::measure_order_bias(*judge, texts.exhibits));
  fmt::print("judge            {} by {}, {} categories\n", filters::to_string(judge->config().form), judge->model().record().id,
             judge->definitions().size());
  fmt::print("texts            {}\n", bias.texts);
  fmt::print("mean difference  {:+.4f} (forward less reversed; n = {} judgements)\n", bias.mean_difference, bias.judgements);
  fmt::print("mean absolute    {:.4f}\n", bias.mean_absolute);
  fmt::print("verdict flips    {} of {} ({:.1f} %)\n", bias.flips, bias.texts,
             100 * static_cast<double>(bias.flips) / static_cast<double>(bias.texts));
  std::vector<double> positive, negative;
  for (std::size_t i = 0; i < texts.labels.size(); ++i) (texts.labels[i] >= 0.5 ? positive : negative).push_back(bias.scores[i]);
  if (!positive.empty() && !negative.empty())
    fmt::print("AUROC            {:.3f} (n = {} + {})\n", filters::auroc(positive, negative), positive.size(), negative.size());
  return static_cast<int>(kExitOk);
}

}  // namespace

void add_judge_command(CLI::App& app, CommandLine& line) {
  auto* group = app.add_subcommand("judge", "The policy's judge, a language model as a filter: bias");
  group->require_subcommand(1);
  auto options = std::make_shared<Options>();
  auto* command = group->add_subcommand("bias", "How much its answers hang on the order in which they are offered; with labels, its AUROC");
  add_product_option(*command, line);
  command->add_option("FILE", options->texts, "JSONL file of texts; without it, lines of stdin")->check(CLI::ExistingFile);
  command->add_option("--profile", options->profile, "Policy profile of the product")->capture_default_str();
  command->add_option("--file", options->file, "A policy file instead of a product's profile");
  command->add_option("--filter", options->filter, "Name of the judge in the policy; without it, the first");
  command->add_option("--direction", options->direction, "input | output")
      ->check(CLI::IsMember({"input", "output"}))
      ->capture_default_str();
  command->add_option("--field", options->text_field, "Field that holds the text")->capture_default_str();
  command->add_option("--request", options->request_field, "Field that holds the request which the text answers");
  command->add_option("--label", options->label_field, "Field with 1 for texts that it should find, 0 for others");
  command->callback([&line, options] {
    const auto result = measure(line, *options);
    line.exit_code = result ? *result : report(result.error());
  });
}

}  // namespace steward::app
