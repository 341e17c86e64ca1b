// Rows of training files: what is taken as a row has a prompt or a text, and a refusal says why without quoting the line.
#include <cstdint>

#include "steward/core/check.h"
#include "steward/core/json.h"
#include "steward/data/row.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using steward::data::RowKind;
  const auto value = steward::json::parse({reinterpret_cast<const char*>(data), size});
  if (!value || !value->is_object()) return 0;
  for (const RowKind kind : {RowKind::kChat, RowKind::kPreference, RowKind::kThumb, RowKind::kClass, RowKind::kPrompt}) {
    const auto row = steward::data::parse_row(value->as_object(), kind);
    STEWARD_CHECK(row ? !steward::data::prompt_text(*row).empty() : !row.error().message.empty());
  }
  return 0;
}
