#include "steward/tune/checkpoint.h"

#include <fmt/format.h>

#include "steward/tune/safetensors.h"

namespace steward::tune {
namespace {

constexpr std::string_view kParameters = "parameters/", kOptimizer = "optimizer/";
constexpr const char *kFacts = "facts", *kSteps = "optimizer_steps", *kFile = "/trainer.safetensors";

}  // namespace

Checkpoint take_checkpoint(const AdamW& optimizer, json::Object facts) {
  facts[kSteps] = optimizer.steps();
  return {optimizer.parameters(), optimizer.state(), std::move(facts)};
}

Result<void> restore(const Checkpoint& checkpoint, AdamW& optimizer) {
  const at::NoGradGuard guard;
  if (checkpoint.parameters.size() != optimizer.parameters().size())
    return fail(ErrorCode::kInvalidInput, "the checkpoint has other parameters than this run: another model, rank or targets?");
  for (const auto& [name, tensor] : optimizer.parameters()) {
    const auto found = checkpoint.parameters.find(name);
    if (found == checkpoint.parameters.end() || found->second.sizes() != tensor.sizes() ||
        found->second.scalar_type() != tensor.scalar_type())
      return fail(ErrorCode::kInvalidInput, fmt::format("the checkpoint has no {} of this shape: another model, rank or targets?", name));
    tensor.copy_(found->second);
  }
  const auto steps = TRY(json::get_integer(checkpoint.facts, kSteps));
  if (!steps) return fail(ErrorCode::kInvalidInput, "the checkpoint does not say how many steps it has");
  return optimizer.restore(checkpoint.optimizer, *steps);
}

Result<void> write_checkpoint(const std::string& folder, const Checkpoint& checkpoint) {
  Safetensors content;
  for (const auto& [name, tensor] : checkpoint.parameters) content.tensors.emplace(std::string(kParameters) + name, tensor);
  for (const auto& [name, tensor] : checkpoint.optimizer) content.tensors.emplace(std::string(kOptimizer) + name, tensor);
  content.metadata[kFacts] = json::dump_canonical(checkpoint.facts);
  return write_safetensors(folder + kFile, content);
}

Result<Checkpoint> read_checkpoint(const std::string& folder) {
  Safetensors content = TRY(read_safetensors(folder + kFile));
  Checkpoint out;
  for (auto& [name, tensor] : content.tensors) {
    if (name.starts_with(kParameters)) out.parameters.emplace(name.substr(kParameters.size()), tensor);
    if (name.starts_with(kOptimizer)) out.optimizer.emplace(name.substr(kOptimizer.size()), tensor);
  }
  const auto facts = json::parse(content.metadata[kFacts]);
  if (!facts || !facts->is_object()) return fail(ErrorCode::kInvalidInput, fmt::format("{} is no checkpoint of a run", folder + kFile));
  out.facts = facts->get_object();
  return out;
}

}  // namespace steward::tune
