#include "recipes/setup.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

#include "steward/core/files.h"
#include "steward/model/llama/gguf_header.h"
#include "steward/tune/export.h"

namespace steward::recipes {

using namespace tune;

void declare(runs::Fields& fields, CommonConfig& config) {
  runs::declare(fields, config.model);
  fields.text("model.tokenizer", config.tokenizer, "GGUF file whose tokenizer and chat template are used; empty: the base");
  fields.boolean("model.recompute", config.recompute, "layers are run again on the way back: half the memory, a third more work");
  data::declare(fields, config.data);
  runs::declare(fields, config.optimizer);
  runs::declare(fields, config.run);
  runs::declare(fields, config.compute);
  fields.choice("export.merged", config.merged, {"none", "f16", "q8_0"}, "a whole model beside the adapter, in these numbers");
}

Result<bool> load_or_print(runs::Fields& fields, const Arguments& arguments) {
  if (arguments.print_config) {
    for (const std::string& assignment : arguments.overrides) TRY(fields.set(assignment));
    fmt::print("{}", fields.document());
    return true;
  }
  TRY(runs::load_config(fields, arguments.config, arguments.overrides));
  return false;
}

Result<World> open_world(const CommonConfig& config) {
  // A base in bfloat16 has rounded far more than a product of its factors can.
  const bool rounded = config.model.precision == "bf16" && config.model.train != "full";
  set_compute({static_cast<int>(config.run.threads), rounded ? Products::kFast : Products::kExact});
  World world = TRY(World::open(config.compute));
  if (config.data.rows < world.size())
    return fail(ErrorCode::kInvalidInput, fmt::format("batch.rows is {}: {} processes need a row each", config.data.rows, world.size()),
                "batch.rows");
  if (world.leads() && world.size() > 1) fmt::print(stderr, "{} processes\n", world.size());
  return world;
}

void tell(const World& world, const std::vector<std::string>& notes) {
  if (!world.leads()) return;
  for (const std::string& note : notes) fmt::print(stderr, "{}\n", note);
}

std::string find_model(const std::string& name) {
  const char* folder = std::getenv("STEWARD_MODELS_DIR");
  if (name.empty() || !folder || std::filesystem::exists(name)) return name;
  const std::string there = std::string(folder) + "/" + name;
  return std::filesystem::exists(there) ? there : name;
}

Result<model::ChatTokenizer> open_tokenizer(const CommonConfig& config) {
  const std::string path = find_model(config.tokenizer.empty() ? config.model.base : config.tokenizer);
  if (std::filesystem::is_directory(path))
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} is a folder: name a GGUF file of the model in model.tokenizer, whose tokenizer is used", path),
                "model.tokenizer");
  return model::ChatTokenizer::open(path);
}

Result<void> check_vocabulary(const model::ChatTokenizer& tokenizer, const LlamaShape& shape) {
  if (tokenizer.vocabulary() <= shape.vocabulary) return {};
  return fail(ErrorCode::kInvalidInput,
              fmt::format("the tokenizer has {} tokens, the model {}: it is another model's (model.tokenizer)", tokenizer.vocabulary(),
                          shape.vocabulary),
              "model.tokenizer");
}

Result<Trainee> open_base(const CommonConfig& config, const std::map<std::string, Tensor>& heads) {
  runs::ModelConfig model = config.model;
  model.base = find_model(model.base);
  Trainee out = TRY(open_trainee(model, config.optimizer, static_cast<std::uint64_t>(config.run.seed), heads));
  out.keep = config.recompute ? Keep::kLayerInputs : Keep::kAll;
  return out;
}

Result<std::int64_t> width_of_base(const CommonConfig& config) { return TRY(load_shape(find_model(config.model.base))).width; }

std::vector<data::BatchPlan> in_order(std::size_t count, std::size_t at_once) {
  std::vector<data::BatchPlan> out;
  for (std::size_t begin = 0; begin < count; begin += at_once) {
    data::BatchPlan plan;
    for (std::size_t i = begin; i < std::min(begin + at_once, count); ++i) plan.push_back({i});
    out.push_back(std::move(plan));
  }
  return out;
}

Result<json::Object> origin_of(const CommonConfig& config, const std::string& recipe, const std::string& data_digest) {
  return json::Object{{"recipe", recipe}, {"base", TRY(digest_of_base(find_model(config.model.base)))}, {"data", data_digest}};
}

Result<void> export_run(const CommonConfig& config, const Trainee& trainee, const Session& session, ModelCard card) {
  const std::string base = find_model(config.model.base);
  const bool from_folder = std::filesystem::is_directory(base);
  card.base = std::filesystem::path(base).filename().string();
  if (!from_folder) {
    const auto header = TRY(model::read_gguf_header(base));
    if (!header.text("general.name").empty()) card.base = header.text("general.name");
    card.license = header.text("general.license");
  }
  card.name = card.base + " · " + std::filesystem::path(config.run.folder).filename().string();
  card.base_sha256 = TRY(digest_of_base(base));
  card.config = TRY(read_file(session.folder().config_path()));
  const std::string folder = session.folder().path() + "/";
  if (!trainee.lora.pairs.empty()) TRY(export_adapter(folder + "adapter.gguf", trainee.lora, card));
  const bool merged = trainee.whole() || config.merged != "none";
  if (merged && from_folder)
    return fail(ErrorCode::kInvalidInput, "a whole model is written as GGUF only if the base is a GGUF file (export.merged)");
  if (merged)
    TRY(export_merged(folder + "model.gguf", base, trainee.whole() ? replacing(trainee.model.tensors()) : adding(trainee.lora),
                      config.merged == "q8_0" ? NumberFormat::kQ8_0 : NumberFormat::kF16, card));
  TRY(write_file_atomic(folder + "card.md", render_card(card, trainee.whole() ? "transformers" : "peft")));
  return {};
}

Result<void> write_report(const Trainee& trainee, const Session& session, std::vector<runs::ReportSample> samples) {
  const std::string& folder = session.folder().path();
  TRY(session.write_report(std::filesystem::path(folder).filename().string(), {{"trained", describe(trainee)}}, std::move(samples)));
  fmt::print("{}\n", folder);
  return {};
}

}  // namespace steward::recipes
