#include <cstdio>

#include <CLI/CLI.hpp>

#include "recipes/classifier.h"

int main(int argc, char** argv) {
  using namespace steward;
  CLI::App app("fine-tuning by recipes");
  app.require_subcommand(1);
  recipes::RecipeCall call;
  Result<void> done;
  CLI::App* classifier = app.add_subcommand("classifier", "the encoder behind the learned detection, and its heads");
  classifier->add_option("--config", call.config, "YAML file of the recipe")->check(CLI::ExistingFile);
  classifier->add_option("--set", call.changes, "key=value, over the file");
  classifier->add_option("--out", call.out, "folder of the run")->required();
  classifier->add_flag("--resume", call.resume, "go on from the last checkpoint of the run");
  classifier->callback([&] { done = recipes::run_classifier(call); });
  CLI11_PARSE(app, argc, argv);
  if (done) return 0;
  std::fprintf(stderr, "steward-tune: %s\n", done.error().message.c_str());
  return 1;
}
