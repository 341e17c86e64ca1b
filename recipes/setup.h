#pragma once

#include <string>

#include "recipes/recipe.h"
#include "steward/core/json.h"
#include "steward/data/data_config.h"
#include "steward/model/llama/chat_tokenizer.h"
#include "steward/runs/training_config.h"
#include "steward/tune/model_card.h"
#include "steward/tune/session.h"
#include "steward/tune/trainee.h"

/// What the recipes do alike before and after their loops.
namespace steward::recipes {

struct CommonConfig {
  runs::ModelConfig model;
  runs::OptimizerConfig optimizer;
  runs::RunConfig run;
  runs::ComputeConfig compute;
  data::DataConfig data;
  std::string tokenizer;        ///< GGUF file; empty: the base
  std::string adapter;          ///< LoRA file that training goes on from; empty: from the base
  bool recompute = true;        ///< layers run again on the way back
  std::string merged = "none";  ///< none | f16 | q8_0
  std::string hub = "none";     ///< none | adapter | model
};
void declare(runs::Fields& fields, CommonConfig& config);

/// Reads the configuration; true if it was only to be printed, which is then done.
Result<bool> load_or_print(runs::Fields& fields, const Arguments& arguments);

/// Sets threads and how products are computed, for recipes that run in one process.
void use_processor(const CommonConfig& config);
/// The processes of this run; does what use_processor() does, too. Past it only the leading one speaks.
Result<tune::World> open_world(const CommonConfig& config);
void tell(const tune::World& world, const std::vector<std::string>& notes);

/// A path, or a file of the folder STEWARD_MODELS_DIR.
std::string find_model(const std::string& name);

/// open_trainee() on the base of the configuration.
Result<tune::Trainee> open_base(const CommonConfig& config, const std::map<std::string, tune::Tensor>& heads = {});

/// Its width, before it is loaded: heads are made for it.
Result<std::int64_t> width_of_base(const CommonConfig& config);

/// 0 … count - 1 in stretches of `at_once`, for validation.
std::vector<data::BatchPlan> in_order(std::size_t count, std::size_t at_once);

/// The tokenizer and chat template of the GGUF file that will serve.
Result<model::ChatTokenizer> open_tokenizer(const CommonConfig& config);
/// Errors: kInvalidInput if the tokenizer has more tokens than the model.
Result<void> check_vocabulary(const model::ChatTokenizer& tokenizer, const tune::LlamaShape& shape);

/// What the run must find again when it goes on.
Result<json::Object> origin_of(const CommonConfig& config, const std::string& recipe, const std::string& data_digest);
/// The same, and what became of each file's rows.
template <class T>
Result<json::Object> origin_of(const CommonConfig& config, const std::string& recipe, const data::TrainingData<T>& data) {
  json::Object out = TRY(origin_of(config, recipe, data.digest));
  out["files"] = data::to_json(data.files);
  return out;
}

/// What every recipe tells its session; how validations compare, and the processes, are for the recipe to add.
tune::SessionOptions session_options(const CommonConfig& config, const runs::Fields& fields, const Arguments& arguments,
                                     const json::Object& origin, std::int64_t steps);

/// Writes what the run made into its folder: adapter.gguf, or model.gguf of a whole model; model.gguf too if `export.merged` asks for it;
/// card.md. card: what the recipe knows; the base, its digest and the configuration are added.
Result<void> export_run(const CommonConfig& config, const tune::Trainee& trainee, const tune::Session& session, tune::ModelCard card);

/// The run's page, the last thing that a run writes. facts: what the recipe measured.
Result<void> write_report(const tune::Trainee& trainee, const tune::Session& session, std::vector<runs::ReportSample> samples,
                          std::vector<std::pair<std::string, std::string>> facts = {});

}  // namespace steward::recipes
