#pragma once

#include <string>
#include <string_view>

#include "steward/model/language_model.h"

namespace steward::model {

/// The JSON body of a request to an OpenAI-compatible server: what `request` holds and nothing else. Names of the speakers stay here: they
/// may tell who the user is, and no filter reads them.
std::string request_body(std::string_view model, const GenerateRequest& request);

/// Appends `text`, valid UTF-8, as a JSON string.
void append_json_string(std::string& out, std::string_view text);

}  // namespace steward::model
