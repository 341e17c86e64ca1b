#pragma once

#include "steward/core/json.h"
#include "steward/core/result.h"

namespace steward::model {

/// kWhole: every keyword must be one that the grammar enforces. kInPart: others are left out, as JSON Schema allows a reader to.
enum class Enforcement { kWhole, kInPart };

/// A JSON Schema made ready for the converter to a grammar: bounded in size, depth, repetitions and alternatives, with references only
/// into itself, and with its patterns rewritten. What passes makes a grammar that is small and reads any text in few ways.
/// Errors: kInvalidInput, without a param; it names the keyword, never a name of the schema's own.
Result<json::Value> check_schema(const json::Value& schema, Enforcement enforcement);

}  // namespace steward::model
