#pragma once

#include <string>

#include "steward/core/result.h"
#include "steward/core/yaml.h"

namespace steward::app {

/// Where a product keeps its ledger and its keys: `ledger` of product.yaml. Paths are absolute if the product's directory is.
struct StorageConfig {
  std::string ledger_path;  ///< empty: no ledger is kept
  std::string keys_dir;     ///< master.key and keys.db
};
/// root: of product.yaml. Errors: kInvalidInput with the place.
Result<StorageConfig> read_storage(const yaml::Node& root, const std::string& directory);

/// The same for a program that runs beside the server: the rest of product.yaml is not read, so that it may name models that are not made
/// yet. Errors: kNotFound with what to run; kInvalidInput if the product keeps no ledger.
Result<StorageConfig> load_storage(const std::string& directory);

}  // namespace steward::app
