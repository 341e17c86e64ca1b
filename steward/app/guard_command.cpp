#include <unistd.h>

#include <iostream>

#include <fmt/format.h>

#include "steward/app/command.h"
#include "steward/app/profiles.h"
#include "steward/text/view.h"

namespace steward::app {
namespace {

struct Options {
  std::vector<std::string> words;
  std::string profile = "default";
  std::string direction = "input";
  policy::Context context;
  bool json = false;
};

std::string_view colour_of(policy::Action action, const Style& style) {
  switch (action) {
    case policy::Action::kBlock:
      return style.red;
    case policy::Action::kCanned:
    case policy::Action::kRewrite:
      return style.yellow;
    case policy::Action::kLog:
      return style.cyan;
    case policy::Action::kPass:
      return style.green;
  }
  return "";
}

void print_decision(const guard::Decision& decision, std::string_view text, const Style& style) {
  fmt::print("{}{}{}", colour_of(decision.action, style), policy::to_string(decision.action), style.reset);
  if (decision.failed_closed) fmt::print(" (a filter could not answer)");
  fmt::print("\n");
  for (const auto& [finding, ruling] : decision.findings) {
    const std::string name = finding.subtype.empty() ? finding.category : finding.category + "." + finding.subtype;
    fmt::print("  {}{:<8}{} {:<28} bytes {}-{}  {}{}{}  [{} {}]\n", colour_of(ruling.action, style), policy::to_string(ruling.action),
               style.reset, name, finding.span.begin, finding.span.end, style.bold, text.substr(finding.span.begin, finding.span.size()),
               style.reset, finding.filter, finding.evidence);
    fmt::print("           {}{} ({}){}\n", style.dim, ruling.reason, yaml::to_string(ruling.where), style.reset);
  }
}

/// Scans one text; true if it would be blocked.
Result<bool> scan(const guard::Guard& guard, const Options& options, const std::string& text, const Style& style) {
  if (const auto bad = text::find_invalid_utf8(text))
    return fail(ErrorCode::kInvalidInput, fmt::format("the text is not UTF-8 at byte {}", *bad));
  const auto direction = options.direction == "output" ? policy::Direction::kOutput : policy::Direction::kInput;
  const guard::Decision decision = guard.check_text(options.context, direction, text);
  if (options.json)
    fmt::print("{}\n", json::dump(guard::to_json(decision)));
  else
    print_decision(decision, text, style);
  return decision.action == policy::Action::kBlock;
}

Result<int> scan_all(const CommandLine& line, const Options& options) {
  const Product product = TRY(load_product(line.product_dir));
  const auto found = product.policies.find(options.profile);
  if (found == product.policies.end())
    return fail(ErrorCode::kNotFound, fmt::format("the product has no profile '{}'; see `policies:` in product.yaml", options.profile));
  static const SystemClock clock;
  const auto guard = TRY(load_guard(found->second, clock));
  const Style style = terminal_style();
  bool blocked = false;
  if (!options.words.empty()) {
    blocked = TRY(scan(*guard, options, fmt::format("{}", fmt::join(options.words, " ")), style));
  } else {
    if (::isatty(STDIN_FILENO)) fmt::print(stderr, "Type a line to scan it; end with Ctrl-D.\n");
    for (std::string text; std::getline(std::cin, text);) {
      const bool this_one = TRY(scan(*guard, options, text, style));
      blocked = blocked || this_one;
    }
  }
  return static_cast<int>(blocked ? kExitNo : kExitOk);
}

}  // namespace

void add_guard_command(CLI::App& app, CommandLine& line) {
  auto* command = app.add_subcommand("guard", "Scan a text, or each line of stdin, with the product's guard");
  auto options = std::make_shared<Options>();
  add_product_option(*command, line);
  command->add_option("TEXT", options->words, "The text; without it, lines of stdin");
  command->add_option("--profile", options->profile, "Policy profile of the product")->capture_default_str();
  command->add_option("--direction", options->direction, "input | output")
      ->check(CLI::IsMember({"input", "output"}))
      ->capture_default_str();
  command->add_option("--language", options->context.language, "BCP 47 tag; und: find out")->capture_default_str();
  command->add_option("--age-band", options->context.age_band, "u13 | 13-15 | 16-17 | 18+ | unknown")->capture_default_str();
  command->add_option("--jurisdiction", options->context.jurisdiction, "ISO 3166-1 code or unknown")->capture_default_str();
  command->add_flag("--json", options->json, "One JSON object a text, without the text");
  command->footer("Exit code 1 if any text would be blocked.");
  command->callback([&line, options] {
    const auto result = scan_all(line, *options);
    line.exit_code = result ? *result : report(result.error());
  });
}

}  // namespace steward::app
