#include "steward/app/storage_config.h"

#include <filesystem>

#include <fmt/format.h>

#include "steward/app/yaml_fields.h"

namespace steward::app {

namespace fs = std::filesystem;

Result<StorageConfig> read_storage(const yaml::Node& root, const std::string& directory) {
  const auto place = [&](const std::string& path) { return (fs::path(directory) / path).lexically_normal().string(); };
  StorageConfig out{place("data/ledger.db"), place("keys")};
  const yaml::Node* ledger = root.find("ledger");
  if (!ledger) return out;
  TRY(yaml::check_keys(*ledger, {"database", "keys"}, "ledger"));
  const std::string database = TRY(text_or(*ledger, "database", "data/ledger.db"));
  out.ledger_path = database == "none" ? "" : place(database);
  out.keys_dir = place(TRY(text_or(*ledger, "keys", "keys")));
  return out;
}

Result<StorageConfig> load_storage(const std::string& directory) {
  std::error_code error;
  const std::string absolute = fs::absolute(directory, error).lexically_normal().string(), path = absolute + "/product.yaml";
  if (!fs::exists(path, error))
    return fail(ErrorCode::kNotFound, fmt::format("there is no product in {}: `steward init {}` makes one", directory, directory));
  const yaml::Node root = TRY(yaml::parse_file(path));
  const StorageConfig out = TRY(read_storage(root, absolute));
  if (out.ledger_path.empty())
    return fail(ErrorCode::kInvalidInput, fmt::format("{} says `ledger: {{database: none}}`: this product keeps no ledger", path));
  return out;
}

}  // namespace steward::app
