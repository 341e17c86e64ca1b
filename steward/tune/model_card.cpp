#include "steward/tune/model_card.h"

#include <fmt/format.h>

#include "steward/core/json.h"

namespace steward::tune {
namespace {

/// A JSON string is a YAML string too.
std::string quoted(const std::string& text) {
  std::string out;
  json::append_string(out, text);
  return out;
}

/// For a cell of a table.
std::string cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.replace(at, 1, "\\|");
  return text;
}

}  // namespace

std::string render_card(const ModelCard& card, const std::string& library) {
  std::string out = "---\n";
  if (!card.license.empty()) out += fmt::format("license: {}\n", quoted(card.license));
  out += fmt::format("base_model: {}\nlibrary_name: {}\npipeline_tag: text-generation\n---\n\n# {}\n\n", quoted(card.base), library,
                     card.name);
  out += fmt::format("{}\n\n", card.method);
  out += fmt::format("Made from {}{} by steward-tune. Its licence is that of the base and of the data.\n", card.base,
                     card.base_sha256.empty() ? "" : fmt::format(" (SHA-256 {})", card.base_sha256));
  if (!card.run.empty()) out += fmt::format("\nRun {} of the ledger: `steward lineage FILE` tells what it was made from.\n", card.run);
  if (!card.data.empty()) {
    out += "\n## Data\n\n| set | rows | licence | SHA-256 of the rows |\n|---|---|---|---|\n";
    for (const auto& set : card.data)
      out += fmt::format("| {} | {} | {} | {} |\n", cell(set.name), set.rows, set.license.empty() ? "not named" : cell(set.license),
                         set.digest);
  }
  if (!card.figures.empty()) {
    out += "\n## Figures\n\n| | base | tuned |\n|---|---|---|\n";
    for (const auto& figure : card.figures) out += fmt::format("| {} | {:.4g} | {:.4g} |\n", cell(figure.name), figure.base, figure.tuned);
  }
  out +=
      "\n## Limits\n\nWhat is not measured above is not known. Evaluate it for your own use, with your own policy, before you serve it.\n";
  if (!card.config.empty())
    out += fmt::format("\n## Configuration of the run\n\n```yaml\n{}{}```\n", card.config, card.config.ends_with('\n') ? "" : "\n");
  return out;
}

}  // namespace steward::tune
