#pragma once

#include "steward/policy/document.h"

namespace steward::policy {

/// Reads one entry of `categories:`. `parent` is the same category of the extended policy, or null: what the entry does not say is
/// taken from it, and what it relaxes must be `relaxable: true` there.
Result<Category> read_category(const yaml::Node& node, const Category* parent);

}  // namespace steward::policy
