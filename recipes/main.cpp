// steward-tune RECIPE --config FILE: trains. Exit codes as the server's: 0 done, 2 wrong words, 3 it could not run.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <new>

#include "recipes/recipe.h"
#include "steward/app/storage_config.h"
#include "steward/ledger/keys.h"
#include "steward/model/model_files.h"
#include "steward/tune/torch.h"

namespace {

using steward::Result;
using steward::recipes::Arguments;

constexpr int kExitCannot = 3;

struct Recipe {
  const char *name, *what;
  Result<void> (*run)(const Arguments&);
};
constexpr Recipe kRecipes[] = {{"sft", "supervised fine-tuning on chats", steward::recipes::sft},
                               {"reward", "a reward model from pairs of answers", steward::recipes::reward},
                               {"dpo", "direct preference optimisation from pairs of answers", steward::recipes::dpo},
                               {"classifier", "the encoder behind the learned detection, and its heads", steward::recipes::classifier},
                               {"llm-classifier", "heads over a language model, one a label", steward::recipes::llm_classifier}};

/// libtorch throws; past this point everything is a Result.
Result<void> run_recipe(const Recipe& recipe, const Arguments& arguments) {
  try {
    return recipe.run(arguments);
  } catch (const std::bad_alloc&) {
    return steward::fail(steward::ErrorCode::kResourceExhausted,
                         "out of memory: lower batch.rows, data.tokens_max or model.lora.rank. The last checkpoint stands");
  } catch (const c10::Error& error) {
    const bool memory = std::string_view(error.what_without_backtrace()).find("alloc") != std::string_view::npos;
    return steward::fail(steward::ErrorCode::kInternal,
                         memory ? "out of memory: lower batch.rows, data.tokens_max or model.lora.rank. The last checkpoint stands"
                                : std::string("libtorch: ") + error.what_without_backtrace());
  }
}

/// The ledger of a product, told of one run.
Result<std::unique_ptr<steward::runs::RunRecord>> open_record(const char* recipe, const std::string& product) {
  const auto storage = TRY(steward::app::load_storage(product));
  steward::ledger::SqliteLedgerOptions ledger;
  ledger.database_path = storage.ledger_path;
  ledger.keys_path = storage.keys_dir + "/keys.db";
  ledger.master = TRY(steward::ledger::load_master_key(storage.keys_dir + "/master.key", steward::ledger::CreateKey::kYes));
  return std::make_unique<steward::runs::RunRecord>(recipe, std::move(ledger), std::vector{steward::model::fetched_models_dir()});
}

Result<void> run(const Recipe& recipe, Arguments arguments, const std::string& product) {
  if (product.empty() || arguments.print_config) return run_recipe(recipe, arguments);
  const auto record = TRY(open_record(recipe.name, product));
  arguments.record = record.get();
  const auto outcome = run_recipe(recipe, arguments);
  if (auto told = record->ended(outcome); !told)
    return steward::fail(told.error().code, "the ledger does not know how the run ended: " + told.error().message +
                                                (outcome ? "" : "; the run failed: " + outcome.error().message));
  if (outcome && !record->has_begun())
    return steward::fail(steward::ErrorCode::kInternal, std::string("the recipe ") + recipe.name + " tells the ledger nothing of its runs");
  return outcome;
}

/// libgomp reads its policy when it is loaded. Threads that spin while they wait take the cores from those that work, so that a run beside
/// another program becomes many times slower.
void wait_without_spinning(char** argv) {
  if (std::getenv("OMP_WAIT_POLICY")) return;
  ::setenv("OMP_WAIT_POLICY", "passive", 1);
  ::execv("/proc/self/exe", argv);  // comes back only if it cannot: then they spin
}

}  // namespace

int main(int argc, char** argv) {
  wait_without_spinning(argv);
  CLI::App app("Fine-tunes language models for steward.", "steward-tune");
  app.require_subcommand(1);
  Arguments arguments;
  std::string product;
  int exit_code = 0;
  for (const Recipe& recipe : kRecipes) {
    CLI::App* command = app.add_subcommand(recipe.name, recipe.what);
    command->add_option("--config", arguments.config, "YAML file");
    command->add_option("--set", arguments.overrides, "key=value, instead of the file's")->take_all()->allow_extra_args(false);
    command->add_flag("--resume", arguments.resume, "go on from the last checkpoint of run.folder");
    command->add_flag("--print-config", arguments.print_config,
                      "print the effective configuration, with what each key means; train nothing");
    command->add_option("--product", product, "folder with product.yaml, whose ledger records the run");
    command->callback([&arguments, &exit_code, &recipe, &product] {
      if (const auto done = run(recipe, arguments, product); !done) {
        std::fprintf(stderr, "steward-tune: %s\n", done.error().message.c_str());
        exit_code = kExitCannot;
      }
    });
  }
  CLI11_PARSE(app, argc, argv);
  return exit_code;
}
