#include "recipes/setup.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

#include "steward/core/files.h"
#include "steward/core/hash.h"
#include "steward/model/llama/gguf_header.h"
#include "steward/tune/export.h"

namespace steward::recipes {

using namespace tune;

void declare(runs::Fields& fields, CommonConfig& config) {
  runs::declare(fields, config.model);
  fields.text("model.tokenizer", config.tokenizer, "GGUF file whose tokenizer and chat template are used; empty: the base");
  fields.text("model.adapter", config.adapter, "LoRA file that training goes on from, and is held against; empty: from the base");
  fields.boolean("model.recompute", config.recompute, "layers are run again on the way back: half the memory, a third more work");
  data::declare(fields, config.data);
  runs::declare(fields, config.optimizer);
  runs::declare(fields, config.run);
  runs::declare(fields, config.compute);
  fields.choice("export.hub", config.hub, {"none", "adapter", "model"},
                "a folder `hub` too, in the hub's form: of the adapter, or of a whole model with its tokenizer");
  fields.choice("export.merged", config.merged, {"none", "f16", "q8_0"}, "a whole model beside the adapter, in these numbers");
}

Result<bool> load_or_print(runs::Fields& fields, const Arguments& arguments) {
  if (arguments.print_config) {
    TRY(runs::read_config(fields, arguments.config, arguments.overrides));
    fmt::print("{}", fields.document());
    return true;
  }
  TRY(runs::load_config(fields, arguments.config, arguments.overrides));
  return false;
}

void use_processor(const CommonConfig& config) {
  // A base in bfloat16 has rounded far more than a product of its factors can.
  const bool rounded = config.model.precision == "bf16" && config.model.train != "full";
  set_compute({static_cast<int>(config.run.threads), rounded ? Products::kFast : Products::kExact});
}

Result<World> open_world(const CommonConfig& config) {
  use_processor(config);
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
  if (!config.adapter.empty()) TRY(begin_at(out, config.adapter));
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

namespace {

/// The base's name, licence and digest.
Result<ModelCard> card_of_base(const CommonConfig& config) {
  const std::string base = find_model(config.model.base);
  ModelCard card;
  card.base = std::filesystem::path(base).filename().string();
  card.base_sha256 = TRY(digest_of_base(base));
  if (std::filesystem::is_directory(base)) return card;
  const auto header = TRY(model::read_gguf_header(base));
  if (!header.text("general.name").empty()) card.base = header.text("general.name");
  card.license = header.text("general.license");
  return card;
}

/// Rows of each file, as the run's origin has them, behind what the recipe says of all together.
void add_files(const json::Object& origin, ModelCard& card) {
  const json::Value* files = origin.if_contains("files");
  if (!files || !files->is_array()) return;
  for (ModelCard::Data& all : card.data) all.license = "see below";
  for (const json::Value& file : files->get_array()) {
    const auto text = [&](const char* key) { return std::string(file.at(key).as_string()); };
    card.data.push_back({std::filesystem::path(text("path")).filename().string(), text("rows_sha256"),
                         file.at("train").to_number<std::int64_t>(), text("license")});
  }
}

/// A run that is gone on with after its end writes the folder anew.
Result<void> export_hub(const CommonConfig& config, const Trainee& trainee, const std::string& folder, const ModelCard& card) {
  if (config.hub == "none") return {};
  if (config.hub == "adapter" && trainee.lora.pairs.empty())
    return fail(ErrorCode::kInvalidInput, "the run has no adapter to export: write export.hub: model", "export.hub");
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  if (config.hub == "adapter") return export_hub_adapter(folder, trainee.model.shape(), trainee.lora, card);
  return export_hub_model(folder, find_model(config.model.base),
                          trainee.whole() ? replacing(trainee.model.tensors()) : adding(trainee.lora), card);
}

}  // namespace

Result<json::Object> origin_of(const CommonConfig& config, const std::string& recipe, const std::string& data_digest) {
  const ModelCard about = TRY(card_of_base(config));
  json::Object out{{"recipe", recipe},
                   {"base", about.base_sha256},
                   {"data", data_digest},
                   {"model", json::Object{{"name", about.base}, {"license", about.license}}}};
  if (!config.adapter.empty()) out["adapter"] = TRY(sha256_file_hex(config.adapter));
  return out;
}

SessionOptions session_options(const CommonConfig& config, const runs::Fields& fields, const Arguments& arguments,
                               const json::Object& origin, std::int64_t steps) {
  SessionOptions out;
  out.run = config.run;
  out.config = fields.print();
  out.origin = origin;
  out.steps = steps;
  out.resume = arguments.resume;
  out.until = arguments.until;
  out.record = arguments.record;
  return out;
}

Result<void> export_run(const CommonConfig& config, const Trainee& trainee, const Session& session, ModelCard card) {
  const std::string base = find_model(config.model.base);
  const bool from_folder = std::filesystem::is_directory(base);
  const ModelCard about = TRY(card_of_base(config));
  card.base = about.base;
  card.base_sha256 = about.base_sha256;
  card.license = about.license;
  card.run = session.run_id();
  add_files(session.origin(), card);
  card.name = card.base + " · " + std::filesystem::path(config.run.folder).filename().string();
  card.config = TRY(read_file(session.folder().config_path()));
  const std::string folder = session.folder().path() + "/";
  if (!trainee.lora.pairs.empty()) TRY(export_adapter(folder + "adapter.gguf", trainee.lora, card));
  const bool merged = trainee.whole() || config.merged != "none";
  if (merged && from_folder)
    return fail(ErrorCode::kInvalidInput, "a whole model is written as GGUF only if the base is a GGUF file (export.merged)");
  if (merged)
    TRY(export_merged(folder + "model.gguf", base, trainee.whole() ? replacing(trainee.model.tensors()) : adding(trainee.lora),
                      config.merged == "q8_0" ? NumberFormat::kQ8_0 : NumberFormat::kF16, card));
  TRY(export_hub(config, trainee, folder + "hub", card));
  TRY(write_file_atomic(folder + "card.md", render_card(card, trainee.whole() ? "transformers" : "peft")));
  return {};
}

Result<void> write_report(const Trainee& trainee, const Session& session, std::vector<runs::ReportSample> samples,
                          std::vector<std::pair<std::string, std::string>> facts) {
  const std::string& folder = session.folder().path();
  facts.insert(facts.begin(), {"trained", describe(trainee)});
  TRY(session.write_report(std::filesystem::path(folder).filename().string(), std::move(facts), std::move(samples)));
  fmt::print("{}\n", folder);
  return {};
}

}  // namespace steward::recipes
