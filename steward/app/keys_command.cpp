#include <fmt/format.h>

#include "steward/app/command.h"
#include "steward/core/hash.h"

namespace steward::app {
namespace {

struct Options {
  std::string tenant = "default";
  std::string name;
};

/// 256 random bits in hexadecimal, behind a prefix by which secret scanners know it.
std::string new_key() { return "sk-steward-" + hex(random_key()); }

Result<int> make(const Options& options) {
  const std::string key = new_key();
  fmt::print("{}\n", key);
  fmt::print(stderr,
             "This is the only time that the key is shown. Put its hash into product.yaml, then send SIGHUP to the server:\n\n"
             "access:\n  keys:\n    - {{sha256: {}, tenant: {}, name: {}}}\n",
             hex(sha256(key)), options.tenant, options.name);
  return static_cast<int>(kExitOk);
}

std::string per_minute(int limit) { return limit == 0 ? "-" : fmt::format("{}/min", limit); }

Result<int> list(const CommandLine& line) {
  const Product product = TRY(load_product(line.product_dir));
  const Style style = terminal_style();
  fmt::print("{}{:<14} {:<16} {:<10} {:<12} {:<12} {:<10} {:<10} permissions{}\n", style.bold, "tenant", "name", "sha256", "requests",
             "tokens", "age", "place", style.reset);
  for (const gateway::ApiKey& key : product.access.keys) {
    fmt::print("{:<14} {:<16} {:<10} {:<12} {:<12} {:<10} {:<10} {}\n", key.tenant, key.name, key.sha256.substr(0, 8),
               per_minute(key.limits.requests_per_minute), per_minute(key.limits.tokens_per_minute), key.age_band, key.jurisdiction,
               fmt::join(key.permissions, " "));
  }
  return static_cast<int>(kExitOk);
}

}  // namespace

void add_keys_command(CLI::App& app, CommandLine& line) {
  auto* command = app.add_subcommand("keys", "API keys: makes one, or lists those of product.yaml");
  command->require_subcommand(1);
  auto options = std::make_shared<Options>();
  auto* make_command = command->add_subcommand("new", "Prints a new key on stdout, and the line for product.yaml on stderr");
  make_command->add_option("--tenant", options->tenant, "Whose end users it serves")->capture_default_str();
  make_command->add_option("--name", options->name, "For people; limits are counted by it")->required();
  make_command->callback([&line, options] {
    const auto result = make(*options);
    line.exit_code = result ? *result : report(result.error());
  });
  auto* list_command = command->add_subcommand("list", "The keys of product.yaml");
  add_product_option(*list_command, line);
  list_command->callback([&line] {
    const auto result = list(line);
    line.exit_code = result ? *result : report(result.error());
  });
}

}  // namespace steward::app
