// steward-tune RECIPE --config FILE: trains. Exit codes as the server's: 0 done, 2 wrong words, 3 it could not run.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <new>

#include "recipes/recipe.h"
#include "recipes/sweep.h"
#include "steward/app/storage_config.h"
#include "steward/ledger/keys.h"
#include "steward/model/model_files.h"
#include "steward/tune/distributed.h"
#include "steward/tune/torch.h"

namespace {

using steward::Result;
using steward::recipes::Arguments;
using steward::recipes::SweepArguments;

constexpr int kExitCannot = 3;

struct Recipe {
  const char *name, *what;
  Result<void> (*run)(const Arguments&);
};
constexpr Recipe kRecipes[] = {
    {"sft", "supervised fine-tuning on chats", steward::recipes::sft},
    {"reward", "a reward model from pairs of answers", steward::recipes::reward},
    {"dpo", "direct preference optimisation from pairs of answers", steward::recipes::dpo},
    {"kto", "preference optimisation from answers with thumbs", steward::recipes::kto},
    {"ghost-attention", "instructions that hold for a whole dialogue", steward::recipes::ghost_attention},
    {"distill", "answers behind safety preprompts, learned without them where they are safer", steward::recipes::distill},
    {"ai-feedback", "preferences between answers by a model's judgement", steward::recipes::ai_feedback},
    {"ai-revision", "answers that a model criticises and writes anew, as rows for sft", steward::recipes::ai_revision},
    {"answers", "a model's own answers to prompts, as rows for sft", steward::recipes::answers},
    {"rejection", "the best of several sampled answers, by reward models, then fine-tuning on them", steward::recipes::rejection},
    {"ppo", "proximal policy optimisation against reward models", steward::recipes::ppo},
    {"grpo", "group relative policy optimisation against reward models", steward::recipes::grpo},
    {"measure", "what policies answer to held-out prompts, and what reward models say of it", steward::recipes::measure},
    {"classifier", "the encoder behind the learned detection, and its heads", steward::recipes::classifier},
    {"llm-classifier", "heads over a language model, one a label", steward::recipes::llm_classifier}};

/// libtorch throws; past this point everything is a Result.
Result<void> guarded(const std::function<Result<void>()>& run) {
  try {
    return run();
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

int exit_code_of(const Result<void>& done) {
  if (done) return 0;
  std::fprintf(stderr, "steward-tune: %s\n", done.error().message.c_str());
  return kExitCannot;
}

CLI::App& add_sweep(CLI::App& app, SweepArguments& arguments) {
  CLI::App& command = *app.add_subcommand("sweep", "tries settings of a recipe, and ends poor ones early");
  std::vector<std::string> names;
  for (const Recipe& recipe : kRecipes) names.emplace_back(recipe.name);
  command.add_option("recipe", arguments.recipe)->required()->check(CLI::IsMember(names));
  command.add_option("--folder", arguments.folder, "where its runs and results go")->required();
  command.add_option("--config", arguments.config, "YAML file");
  command.add_option("--set", arguments.overrides, "key=value of every run")->take_all()->allow_extra_args(false);
  command.add_option("--grid", arguments.searched, "key=[values]; with --random: key=[low,high]")
      ->take_all()
      ->allow_extra_args(false)
      ->required();
  command.add_option("--random", arguments.draws, "so many draws between low and high, even in their logarithm, instead of a grid");
  command.add_option("--seed", arguments.seed, "of the draws");
  command.add_option("--metric", arguments.metric, "of the log, by which runs are compared")->capture_default_str();
  command.add_flag("--higher", arguments.options.higher_is_better, "the higher the better");
  command.add_option("--rungs", arguments.options.rungs, "how often poor runs end; 1: all go to their end")
      ->check(CLI::Range(1, 20))
      ->capture_default_str();
  command.add_option("--survivors", arguments.options.survivors, "share of the runs that go on after a rung")->check(CLI::Range(0.01, 1.0));
  command.add_flag("--resume", arguments.resume, "go on with the search in the folder");
  return command;
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
  const auto recipe_run = [&] { return guarded([&] { return recipe.run(arguments); }); };
  const bool leads = TRY(steward::tune::launch_of_environment()).rank == 0;
  if (product.empty() || arguments.print_config || !leads) return recipe_run();
  const auto record = TRY(open_record(recipe.name, product));
  arguments.record = record.get();
  const auto outcome = recipe_run();
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
    command->add_option("--until", arguments.until, "pause after this share of the steps, to be gone on with by --resume")
        ->check(CLI::Range(1e-6, 1.0));
    command->add_flag("--print-config", arguments.print_config,
                      "print the effective configuration, with what each key means; train nothing");
    command->add_option("--product", product, "folder with product.yaml, whose ledger records the run");
    command->callback([&arguments, &exit_code, &recipe, &product] { exit_code = exit_code_of(run(recipe, arguments, product)); });
  }
  SweepArguments search;
  add_sweep(app, search).callback([&] { exit_code = exit_code_of(guarded([&] { return steward::recipes::sweep(search); })); });
  CLI11_PARSE(app, argc, argv);
  steward::tune::end_processes(exit_code);
  return exit_code;
}
