#include "steward/app/file_stamp.h"

#include <filesystem>

#include <fmt/format.h>

namespace steward::app {

namespace fs = std::filesystem;

std::string file_stamp(const std::string& path) {
  std::error_code error;
  const fs::path canonical = fs::weakly_canonical(path, error);
  const auto size = fs::file_size(canonical, error);
  const auto time = fs::last_write_time(canonical, error);
  return fmt::format("{} {} {}", canonical.string(), error ? 0 : size, error ? 0 : time.time_since_epoch().count());
}

}  // namespace steward::app
