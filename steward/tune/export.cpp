#include "steward/tune/export.h"

#include <fmt/format.h>

namespace steward::tune {
namespace {

constexpr std::uint32_t kMostlyF16 = 1, kMostlyQ8 = 7;  // general.file_type

Result<void> check_finite(const std::string& name, const Tensor& tensor) {
  if (tensor.isfinite().all().item<bool>()) return {};
  return fail(ErrorCode::kInvalidInput, fmt::format("{} holds infinite numbers or none: training went wrong, nothing is exported", name));
}

void describe(GgufWriter& writer, const ModelCard& card) {
  writer.set("general.name", card.name);
  if (!card.license.empty()) writer.set("general.license", card.license);
  writer.set("general.description", card.method);
  writer.set("general.base_model.count", std::uint32_t{1});
  writer.set("general.base_model.0.name", card.base);
  if (!card.base_sha256.empty()) writer.set("general.base_model.0.sha256", card.base_sha256);
}

}  // namespace

Result<void> export_adapter(const std::string& path, const Lora& lora, const ModelCard& card) {
  GgufWriter writer;
  writer.set("general.type", std::string("adapter"));
  writer.set("general.architecture", std::string("llama"));
  describe(writer, card);
  writer.set("adapter.type", std::string("lora"));
  writer.set("adapter.lora.alpha", lora.alpha);
  for (const auto& [name, tensor] : lora.named()) {
    TRY(check_finite(name, tensor));
    writer.add(name, tensor, NumberFormat::kF32);
  }
  return writer.write(path);
}

Change adding(const Lora& lora) {
  return [&lora](const std::string& name, const Tensor& base) {
    const auto found = lora.pairs.find(name);
    return found == lora.pairs.end() ? base : merged(base, found->second, lora.scale());
  };
}

Change replacing(const std::map<std::string, Tensor>& tensors) {
  return [&tensors](const std::string& name, const Tensor& base) {
    const auto found = tensors.find(name);
    return found == tensors.end() ? base : found->second.detach().to(at::kFloat);
  };
}

Result<void> export_merged(const std::string& path, const std::string& base_path, const Change& change, NumberFormat format,
                           const ModelCard& card) {
  GgufWriter writer = TRY(GgufWriter::like(base_path));
  const GgufTensors base = TRY(GgufTensors::open(base_path));
  describe(writer, card);
  writer.set("general.file_type", format == NumberFormat::kQ8_0 ? kMostlyQ8 : format == NumberFormat::kF16 ? kMostlyF16 : 0U);
  for (const std::string& name : base.names()) {
    const Tensor stored = TRY(base.read(name));
    const Tensor changed = change(name, stored);
    TRY(check_finite(name, changed));
    writer.add(name, changed, format, changed.is_same(stored) ? Rounding::kNearest : Rounding::kDithered);
  }
  return writer.write(path);
}

}  // namespace steward::tune
