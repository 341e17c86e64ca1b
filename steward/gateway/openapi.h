#pragma once

#include <string_view>

namespace steward::gateway {

/// The OpenAPI 3.1 document of all routes.
std::string_view openapi_document();

}  // namespace steward::gateway
