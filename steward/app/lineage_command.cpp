#include <filesystem>

#include <fmt/format.h>

#include "steward/app/command.h"
#include "steward/app/storage_config.h"
#include "steward/core/hash.h"
#include "steward/ledger/keys.h"
#include "steward/ledger/sqlite/sqlite_ledger.h"
#include "steward/runs/lineage.h"

namespace steward::app {
namespace {

struct Options {
  std::string file, format = "text";
};

Result<std::unique_ptr<ledger::Ledger>> open_for_reading(const std::string& directory) {
  const StorageConfig storage = TRY(load_storage(directory));
  if (!std::filesystem::exists(storage.ledger_path))
    return fail(ErrorCode::kNotFound,
                fmt::format("there is no ledger at {} yet: `steward-tune --product {}` makes it", storage.ledger_path, directory));
  ledger::SqliteLedgerOptions options;
  options.database_path = storage.ledger_path;
  options.keys_path = storage.keys_dir + "/keys.db";
  options.master = TRY(ledger::load_master_key(storage.keys_dir + "/master.key", ledger::CreateKey::kNo));
  return ledger::open_sqlite_ledger_read_only(options);
}

Result<int> print_lineage(const CommandLine& line, const Options& options) {
  const std::string digest = TRY(sha256_file_hex(options.file));
  const auto ledger = TRY(open_for_reading(line.product_dir));
  const auto lineage = TRY(runs::Lineage::read(*ledger));
  const runs::Origin origin = lineage.trace(options.file, digest);
  if (options.format == "json")
    fmt::print("{}\n", json::dump(runs::to_json(origin)));
  else
    fmt::print("{}", runs::to_text(origin));
  if (origin.run) return static_cast<int>(kExitOk);
  const auto users = lineage.users(digest);
  fmt::print(stderr, "steward: no run in this ledger made a file with this SHA-256{}\n",
             users.empty() ? "" : fmt::format("; it went into {}", fmt::join(users, ", ")));
  return static_cast<int>(kExitNo);
}

}  // namespace

void add_lineage_command(CLI::App& app, CommandLine& line) {
  auto* command = app.add_subcommand("lineage", "What a model file was made from: its training run, data, base, and theirs");
  auto options = std::make_shared<Options>();
  add_product_option(*command, line);
  command->add_option("FILE", options->file, "A file that a training run wrote: adapter.gguf, model.gguf, head.gguf")->required();
  command->add_option("--format", options->format, "text or json")->check(CLI::IsMember({"text", "json"}))->capture_default_str();
  command->callback([&line, options] {
    const auto result = print_lineage(line, *options);
    line.exit_code = result ? *result : report(result.error());
  });
}

}  // namespace steward::app
