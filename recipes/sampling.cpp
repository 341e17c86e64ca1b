#include "recipes/sampling.h"

#include <cstdio>

#include <fmt/format.h>

#include "steward/classify/binomial.h"
#include "steward/core/files.h"
#include "steward/core/hash.h"

namespace steward::recipes {

void declare(runs::Fields& fields, SamplingConfig& config) {
  fields.number("sampling.temperature", config.temperature, {0, 10}, "of answers that the model writes; 0: the likeliest token");
  fields.number("sampling.top_p", config.top_p, {0.01, 1}, "share of probability that tokens are drawn from");
  fields.integer("sampling.tokens_max", config.tokens_max, {1, 1 << 16}, "longest answer");
  fields.integer("sampling.at_once", config.at_once, {1, 256}, "answers written side by side");
  fields.integer("sampling.stretch", config.stretch, {1, 1 << 16}, "rows after which what was written is kept for --resume");
}

void declare_writer(runs::Fields& fields, CommonConfig& config) {
  fields.text("model.base", config.model.base, "GGUF file of the model that answers").required();
  fields.text("model.adapter", config.adapter, "LoRA file beside it; empty: the base alone");
  fields.texts("data.files", config.data.files, "JSONL files of rows, plain or under zstd").required();
  fields.integer("data.tokens_max", config.data.tokens_max, {2, 1 << 20}, "longest chat, the answer that is written included");
  fields.boolean("data.skip_bad_rows", config.data.skip_bad_rows, "go on without rows that are bad");
  fields.text("run.folder", config.run.folder, "where everything is written").required();
  fields.integer("run.seed", config.run.seed, {0, 9e15}, "of all draws");
  fields.integer("run.threads", config.run.threads, {0, 1024}, "0: one for each core");
  fields.integer("run.report_samples", config.run.report_samples, {0, 100}, "rows in the report");
}

Result<runs::RunFolder> open_folder(const CommonConfig& config, const runs::Fields& fields, const Arguments& arguments) {
  return arguments.resume ? runs::RunFolder::resume(config.run.folder, fields.print())
                          : runs::RunFolder::create(config.run.folder, fields.print());
}

Result<runs::RunFolder> open_folder(const CommonConfig& config, const runs::Fields& fields, const Arguments& arguments,
                                    const tune::World& world) {
  if (!world.leads()) {
    world.wait();
    TRY(world.status());
    return runs::RunFolder::of_another(config.run.folder);
  }
  runs::RunFolder out = TRY(open_folder(config, fields, arguments));
  world.wait();
  return out;
}

Result<model::Rollouts> open_rollouts(const CommonConfig& config, const SamplingConfig& sampling) {
  if (sampling.tokens_max >= config.data.tokens_max)
    return fail(ErrorCode::kInvalidInput, "sampling.tokens_max leaves no room for a prompt: raise data.tokens_max", "sampling.tokens_max");
  model::Rollouts out = TRY(model::Rollouts::open({.base = find_model(config.model.base),
                                                   .at_once = sampling.at_once,
                                                   .context = config.data.tokens_max,
                                                   .threads = static_cast<int>(config.run.threads)}));
  if (!config.adapter.empty()) TRY(out.use_adapter(config.adapter));
  return out;
}

tune::ChatSampling drawing(const CommonConfig& config, const SamplingConfig& sampling, std::size_t stretch, std::size_t round) {
  tune::ChatSampling out;
  out.sampling = {sampling.temperature, sampling.top_p, sampling.tokens_max, static_cast<std::uint64_t>(config.run.seed)};
  out.first_draw = (static_cast<std::uint64_t>(stretch) << 32) | (static_cast<std::uint64_t>(round) << 20);
  out.context = config.data.tokens_max;
  return out;
}

tune::ChatSampling greedy(const CommonConfig& config, const SamplingConfig& sampling) {
  tune::ChatSampling out = drawing(config, sampling, 0);
  out.sampling.temperature = 0;
  return out;
}

Result<std::string> digest_of_files(const std::vector<std::string>& paths) {
  Sha256 digest;
  for (const std::string& path : paths) digest.update(TRY(sha256_file_hex(path)));
  return hex(digest.finish());
}

data::Messages as_chat(const data::Passage& passage) {
  if (const auto* text = std::get_if<std::string>(&passage)) return {{"user", *text, ""}};
  return std::get<data::Messages>(passage);
}

std::string chat_text(const data::Messages& chat) {
  std::string out;
  for (const model::ChatMessage& message : chat) out += message.role + ": " + message.content + "\n";
  return out;
}

json::Array to_json(const data::Messages& chat) {
  json::Array out;
  for (const model::ChatMessage& message : chat) out.push_back(json::Object{{"role", message.role}, {"content", message.content}});
  return out;
}

Result<data::Messages> chat_of(const json::Array& messages) {
  data::Messages out;
  for (const json::Value& message : messages) {
    const json::Object* object = message.if_object();
    const auto role = object ? TRY(json::get_string(*object, "role")) : std::nullopt;
    const auto content = object ? TRY(json::get_string(*object, "content")) : std::nullopt;
    if (!role || !content) return fail(ErrorCode::kInvalidInput, "a recorded chat is damaged");
    out.push_back({*role, *content, ""});
  }
  return out;
}

Result<void> finish_writer(const runs::RunFolder& folder, const runs::Fields& fields,
                           std::vector<std::pair<std::string, std::string>> facts, const json::Object& origin,
                           std::vector<runs::ReportSample> samples) {
  for (const auto& [name, value] : facts) fmt::print(stderr, "{}: {}\n", name, value);
  for (const auto& [key, value] : origin) facts.emplace_back(key, value.is_string() ? std::string(value.get_string()) : json::dump(value));
  TRY(write_file_atomic(folder.report_path(),
                        runs::render_report({folder.path(), std::move(facts), fields.print(), {}, {}, std::move(samples)})));
  fmt::print("{}\n", folder.path());
  return {};
}

void report_made(std::size_t done, std::size_t all) { fmt::print(stderr, "written {} of {}\n", done, all); }

std::string describe(const Fates& fates) {
  std::string out;
  for (const auto& [fate, count] : fates) out += fmt::format("{}{} {}", out.empty() ? "" : ", ", count, fate);
  return out;
}

std::string share_text(std::size_t hits, std::size_t rows) {
  if (rows == 0) return "none was measured";
  const Interval interval = classify::exact_interval(hits, rows, 0.95);
  return fmt::format("{} of {} ({:.2f}, {:.2f} to {:.2f})", hits, rows, interval.value, interval.low, interval.high);
}

}  // namespace steward::recipes
