#include <unistd.h>

#include <iostream>
#include <sstream>

#include <fmt/format.h>

#include "steward/app/command.h"
#include "steward/app/models.h"
#include "steward/app/profiles.h"
#include "steward/app/sarif.h"
#include "steward/core/files.h"
#include "steward/text/view.h"

namespace steward::app {
namespace {

struct Options {
  std::vector<std::string> words;
  std::string profile = "default";
  std::string direction = "input";
  std::string role;  ///< empty: the user's on input, the assistant's on output
  policy::Context context;
  std::vector<std::string> files;
  std::string field = "text";
  std::string format = "text";
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

/// One text with its name: where it came from.
struct Named {
  std::string uri;
  std::string text;
  int line = 0;  ///< of the file, when the text is one record of it
};

/// Scans texts one after the other and prints what was found in the form that was asked for.
class Scan {
 public:
  Scan(const guard::Guard& guard, const Options& options) : guard_(guard), options_(options), sarif_(guard.policy().id()) {}

  Result<void> take(const Named& named) {
    if (const auto bad = text::find_invalid_utf8(named.text))
      return fail(ErrorCode::kInvalidInput, fmt::format("{}: the text is not UTF-8 at byte {}", name_of(named), *bad));
    const auto direction = options_.direction == "output" ? policy::Direction::kOutput : policy::Direction::kInput;
    const std::string own = direction == policy::Direction::kInput ? "user" : "assistant";
    const guard::Decision decision =
        guard_.check_text(options_.context, direction, guard::Message{options_.role.empty() ? own : options_.role, named.text});
    blocked_ = blocked_ || decision.action == policy::Action::kBlock;
    if (options_.format == "sarif") {
      sarif_.add(named.uri, named.text, decision, named.line);
    } else if (options_.format == "json") {
      json::Object line = guard::to_json(decision);
      if (!options_.files.empty()) line["file"] = named.uri;
      if (named.line > 0) line["line"] = named.line;
      fmt::print("{}\n", json::dump(line));
    } else {
      if (!options_.files.empty()) fmt::print("{}{}{} ", style_.bold, name_of(named), style_.reset);
      print_decision(decision, named.text, style_);
    }
    return {};
  }

  int finish() const {
    if (options_.format == "sarif") fmt::print("{}\n", sarif_.text());
    return blocked_ ? kExitNo : kExitOk;
  }

 private:
  static std::string name_of(const Named& named) { return named.line > 0 ? fmt::format("{}:{}", named.uri, named.line) : named.uri; }

  const guard::Guard& guard_;
  const Options& options_;
  const Style style_ = terminal_style();
  SarifLog sarif_;
  bool blocked_ = false;
};

/// Each line of a JSONL file is an object with the text in one field.
Result<void> scan_jsonl(Scan& scan, const std::string& path, const std::string& field) {
  std::istringstream lines(TRY(read_file(path)));
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.empty()) continue;
    const auto value = json::parse(line);
    if (!value) return fail(ErrorCode::kInvalidInput, fmt::format("{}:{}: {}", path, number, value.error().message));
    const auto text =
        value->is_object() ? json::get_string(value->as_object(), field) : Result<std::optional<std::string>>(std::optional<std::string>());
    if (!text || !*text)
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("{}:{}: no object with a string in '{}'; name the field with --field", path, number, field));
    TRY(scan.take({path, **text, number}));
  }
  return {};
}

Result<int> scan_all(const CommandLine& line, const Options& options) {
  const Product product = TRY(load_product(line.product_dir));
  const auto found = product.policies.find(options.profile);
  if (found == product.policies.end())
    return fail(ErrorCode::kNotFound, fmt::format("the product has no profile '{}'; see `policies:` in product.yaml", options.profile));
  static const SystemClock clock;
  ProductModels models(product);
  const auto guard = TRY(load_guard(found->second, clock, models.for_filters()));
  Scan scan(*guard, options);
  for (const std::string& path : options.files) {
    if (path.ends_with(".jsonl")) {
      TRY(scan_jsonl(scan, path, options.field));
    } else {
      std::string text = TRY(read_file(path));
      TRY(scan.take({path, std::move(text), 0}));
    }
  }
  if (!options.words.empty()) {
    TRY(scan.take({"argument", fmt::format("{}", fmt::join(options.words, " ")), 0}));
  } else if (options.files.empty()) {
    if (::isatty(STDIN_FILENO)) fmt::print(stderr, "Type a line to scan it; end with Ctrl-D.\n");
    int number = 0;
    for (std::string input; std::getline(std::cin, input);) TRY(scan.take({"stdin", input, ++number}));
  }
  return scan.finish();
}

}  // namespace

void add_guard_command(CLI::App& app, CommandLine& line) {
  auto* command = app.add_subcommand("guard", "Scan a text, files, or each line of stdin with the product's guard");
  auto options = std::make_shared<Options>();
  add_product_option(*command, line);
  command->add_option("TEXT", options->words, "The text; without it, lines of stdin");
  command->add_option("--profile", options->profile, "Policy profile of the product")->capture_default_str();
  command->add_option("--direction", options->direction, "input | output")
      ->check(CLI::IsMember({"input", "output"}))
      ->capture_default_str();
  command->add_option("--role", options->role, "Whose words they are: user | tool (data) | system | assistant")
      ->check(CLI::IsMember({"user", "tool", "system", "assistant"}));
  command->add_option("--language", options->context.language, "BCP 47 tag; und: find out")->capture_default_str();
  command->add_option("--age-band", options->context.age_band, "u13 | 13-15 | 16-17 | 18+ | unknown")->capture_default_str();
  command->add_option("--jurisdiction", options->context.jurisdiction, "ISO 3166-1 code or unknown")->capture_default_str();
  command->add_option("-f,--file", options->files, "Files to scan: each as one text; of .jsonl files each record")
      ->check(CLI::ExistingFile);
  command->add_option("--field", options->field, "Field of a JSONL record that holds its text")->capture_default_str();
  command->add_option("--format", options->format, "text | json | sarif")
      ->check(CLI::IsMember({"text", "json", "sarif"}))
      ->capture_default_str();
  command->add_flag_callback("--json", [options] { options->format = "json"; }, "--format json: one object a text, without the text");
  command->footer("Exit code 1 if any text would be blocked.");
  command->callback([&line, options] {
    const auto result = scan_all(line, *options);
    line.exit_code = result ? *result : report(result.error());
  });
}

}  // namespace steward::app
