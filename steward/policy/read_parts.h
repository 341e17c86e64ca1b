#pragma once

#include "steward/policy/document.h"

namespace steward::policy {

/// Reads everything but head, categories and refusals: filters, canned replies, resources, notices, prompt rules, gaps, tests. An entry
/// whose id (or name) the extended policy already has replaces it.
Result<void> read_parts(const yaml::Node& root, const std::string& path, Document& out);

}  // namespace steward::policy
