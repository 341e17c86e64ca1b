#include "steward/model/model_files.h"

#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

namespace steward::model {

std::string fetched_models_dir() {
  if (const char* folder = std::getenv("STEWARD_MODELS_DIR")) return folder;
  const char* home = std::getenv("HOME");
  return home ? std::string(home) + "/.cache/steward/models" : std::string();
}

Result<std::string> find_model_file(const std::string& name) {
  if (std::filesystem::exists(name)) return name;
  const std::string fetched = (std::filesystem::path(fetched_models_dir()) / name).string();
  if (std::filesystem::exists(fetched)) return fetched;
  return fail(ErrorCode::kNotFound,
              fmt::format("the model file '{}' is not there; looked at {} too. `make setup` fetches the default model; "
                          "another folder is given by STEWARD_MODELS_DIR",
                          name, fetched));
}

}  // namespace steward::model
