#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

#include "steward/app/product.h"
#include "steward/core/result.h"

namespace steward::app {

/// Exit codes of the program (docs/cli.md).
enum ExitCode {
  kExitOk = 0,
  kExitNo = 1,      ///< it ran, and the answer is no: a check failed, the chain is broken, a text was blocked
  kExitUsage = 2,   ///< wrong words on the command line
  kExitCannot = 3,  ///< it could not run: a missing file, a bad product, a busy port
};

/// Shared by every subcommand. `exit_code` is what the chosen one leaves.
struct CommandLine {
  std::string product_dir = ".";
  int exit_code = kExitOk;
};

void add_init_command(CLI::App& app, CommandLine& line);
void add_serve_command(CLI::App& app, CommandLine& line);
void add_chat_command(CLI::App& app, CommandLine& line);
void add_judge_command(CLI::App& app, CommandLine& line);
void add_guard_command(CLI::App& app, CommandLine& line);
void add_judge_command(CLI::App& app, CommandLine& line);
void add_policy_command(CLI::App& app, CommandLine& line);
void add_model_command(CLI::App& app, CommandLine& line);
void add_ledger_command(CLI::App& app, CommandLine& line);
void add_lineage_command(CLI::App& app, CommandLine& line);
void add_keys_command(CLI::App& app, CommandLine& line);
void add_version_command(CLI::App& app, CommandLine& line);
void add_classify_command(CLI::App& app, CommandLine& line);
void add_eval_command(CLI::App& app, CommandLine& line);
void add_completion_command(CLI::App& app, CommandLine& line);

/// The `--product DIR` option that every command takes.
void add_product_option(CLI::App& command, CommandLine& line);
/// Prints "steward: message" to stderr and gives kExitCannot.
int report(const Error& error);

/// ANSI styles, empty strings when stdout is no terminal or NO_COLOR is set.
struct Style {
  std::string_view bold, dim, red, green, yellow, cyan, reset;
};
Style terminal_style();

/// Parses the command line and runs it.
int run(int argc, char** argv);

}  // namespace steward::app
