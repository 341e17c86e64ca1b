#include "steward/ledger/export.h"

namespace steward::ledger {

json::Object to_json(const StoredEvent& stored, WithText with_text) {
  const Event& event = stored.event;
  json::Object out{
      {"sequence", stored.sequence}, {"id", event.id},     {"time", format_utc(event.time_us)}, {"kind", event.kind},
      {"schema", event.schema},      {"turn", event.turn}, {"subject", event.subject},          {"conversation", event.conversation},
      {"meta", event.meta},          {"hash", stored.hash}};
  if (stored.erased) out["erased"] = true;
  if (event.text && with_text == WithText::kYes) out["text"] = *event.text;
  return out;
}

}  // namespace steward::ledger
