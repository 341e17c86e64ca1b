#include "steward/app/command.h"

#include <unistd.h>

#include <cstdlib>

#include <fmt/format.h>

namespace steward::app {

void add_product_option(CLI::App& command, CommandLine& line) {
  command.add_option("--product", line.product_dir, "The product directory (holds product.yaml)")
      ->envname("STEWARD_PRODUCT")
      ->capture_default_str();
}

int report(const Error& error) {
  fmt::print(stderr, "steward: {}\n", error.message);
  return kExitCannot;
}

Style terminal_style() {
  static const bool colours = ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
  if (!colours) return {};
  return {"\033[1m", "\033[2m", "\033[31m", "\033[32m", "\033[33m", "\033[36m", "\033[0m"};
}

void add_version_command(CLI::App& app, CommandLine&) {
  app.add_subcommand("version", "Print the version")->callback([] { fmt::print("steward {}\n", STEWARD_VERSION); });
}

void add_init_command(CLI::App& app, CommandLine& line) {
  auto* command = app.add_subcommand("init", "Make a product directory: product.yaml, policy.yaml, prompts/");
  auto directory = std::make_shared<std::string>();
  command->add_option("DIR", *directory, "Folder to make")->required();
  command->callback([&line, directory] {
    if (auto made = init_product(*directory); !made) {
      line.exit_code = report(made.error());
      return;
    }
    fmt::print("Made {0}/product.yaml and {0}/policy.yaml. Next:\n  steward policy check --product {0}\n  steward serve --product {0}\n",
               *directory);
  });
}

void add_completion_command(CLI::App& app, CommandLine&) {
  auto* command = app.add_subcommand("completion", "Print bash completion: source <(steward completion)");
  command->callback([&app] {
    std::string names;
    std::string cases;
    for (const CLI::App* sub : app.get_subcommands({})) {
      names += sub->get_name() + " ";
      std::string words;
      for (const CLI::App* nested : sub->get_subcommands({})) words += nested->get_name() + " ";
      for (const CLI::Option* option : sub->get_options()) {
        for (const std::string& name : option->get_lnames()) words += "--" + name + " ";
      }
      cases += fmt::format("    {}) words=\"{}\" ;;\n", sub->get_name(), words);
    }
    fmt::print(
        "_steward() {{\n  local current=${{COMP_WORDS[COMP_CWORD]}} words=\"{}\"\n  if ((COMP_CWORD > 1)); then\n    case "
        "${{COMP_WORDS[1]}} in\n{}"
        "    esac\n  fi\n  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
        "  ((${{#COMPREPLY[@]}})) || COMPREPLY=($(compgen -f -- \"$current\"))\n}}\ncomplete -F _steward steward\n",
        names, cases);
  });
}

int run(int argc, char** argv) {
  CLI::App app{
      "steward: a guarded, OpenAI-compatible gateway with an embedded model.\n"
      "One content policy decides what may be said; one ledger keeps what happened.\n\n"
      "First steps:\n"
      "  steward init shop            make a product directory\n"
      "  steward policy check --product shop\n"
      "  steward serve --product shop\n"
      "  steward chat --product shop  the same guard, in the terminal\n\n"
      "Exit codes: 0 done; 1 it ran and the answer is no; 2 wrong usage; 3 it could not run."};
  app.name("steward");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("steward ") + STEWARD_VERSION);
  CommandLine line;
  add_init_command(app, line);
  add_serve_command(app, line);
  add_chat_command(app, line);
  add_guard_command(app, line);
  add_judge_command(app, line);
  add_policy_command(app, line);
  add_model_command(app, line);
  add_ledger_command(app, line);
  add_lineage_command(app, line);
  add_keys_command(app, line);
  add_classify_command(app, line);
  add_eval_command(app, line);
  add_version_command(app, line);
  add_completion_command(app, line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  return line.exit_code;
}

}  // namespace steward::app
