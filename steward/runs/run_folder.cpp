#include "steward/runs/run_folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <sstream>

#include <fmt/format.h>

#include "steward/core/files.h"

namespace steward::runs {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> os_error(std::string_view what, const std::string& path, int error) {
  return fail(ErrorCode::kInternal, fmt::format("cannot {} {}: {}", what, path, std::strerror(error)));
}

Result<void> make_folders(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return os_error("make the folder", path, error.value());
  return {};
}

Result<void> sync_path(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return os_error("open", path, errno);
  const int status = ::fsync(fd), error = errno;
  ::close(fd);
  if (status != 0) return os_error("sync", path, error);
  return {};
}

Result<void> remove_all(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) return os_error("remove", path, error.value());
  return {};
}

/// "step-120" → 120; nullopt for anything else, such as "step-120.tmp".
std::optional<std::int64_t> step_of(std::string_view name) {
  if (!name.starts_with("step-")) return std::nullopt;
  name.remove_prefix(5);
  std::int64_t step = 0;
  const auto [rest, error] = std::from_chars(name.data(), name.data() + name.size(), step);
  if (error != std::errc{} || rest != name.data() + name.size() || step < 0) return std::nullopt;
  return step;
}

/// The first line in which the two differ, for people.
std::string first_difference(const std::string& was, const std::string& is) {
  std::istringstream old_lines(was), new_lines(is);
  std::string old_line, new_line;
  while (true) {
    const bool old_left = static_cast<bool>(std::getline(old_lines, old_line)),
               new_left = static_cast<bool>(std::getline(new_lines, new_line));
    if (!old_left) old_line.clear();
    if (!new_left) new_line.clear();
    if (old_line != new_line || (!old_left && !new_left)) return fmt::format("it was '{}', it is '{}'", old_line, new_line);
  }
}

}  // namespace

Result<RunFolder> RunFolder::create(const std::string& path, const std::string& config) {
  RunFolder folder(path);
  if (fs::exists(folder.config_path()) || fs::exists(folder.log_path()))
    return fail(ErrorCode::kInvalidInput, fmt::format("{} holds a run already: go on with it by --resume, or name another folder", path));
  TRY(make_folders(path + "/checkpoints"));
  if (!TRY(folder.checkpoints()).empty())
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} holds checkpoints of a run whose config.yaml is gone: put it back, or name another folder", path));
  TRY(write_file_atomic(folder.config_path(), config));
  return folder;
}

Result<RunFolder> RunFolder::resume(const std::string& path, const std::string& config) {
  RunFolder folder(path);
  if (!fs::exists(folder.config_path())) return fail(ErrorCode::kNotFound, fmt::format("{} holds no run to go on with", path));
  const std::string was = TRY(read_file(folder.config_path()));
  if (was != config)
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the run in {} has another configuration ({}): go on with its own config.yaml, or name "
                            "another folder",
                            path, first_difference(was, config)));
  TRY(make_folders(path + "/checkpoints"));
  return folder;
}

std::string RunFolder::checkpoint_path(std::int64_t step) const { return fmt::format("{}/checkpoints/step-{}", path_, step); }

Result<std::string> RunFolder::begin_checkpoint(std::int64_t step) const {
  std::string path = checkpoint_path(step) + ".tmp";
  TRY(remove_all(path));
  TRY(make_folders(path));
  return path;
}

Result<std::string> RunFolder::finish_checkpoint(std::int64_t step) const {
  std::string path = checkpoint_path(step);
  const std::string written = path + ".tmp";
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(written, error)) TRY(sync_path(entry.path().string()));
  if (error) return os_error("read the folder", written, error.value());
  TRY(sync_path(written));
  // An older checkpoint of the same step changes places with the new one, so that at any moment one of them is whole.
  const bool replaces = fs::exists(path);
  if (::renameat2(AT_FDCWD, written.c_str(), AT_FDCWD, path.c_str(), replaces ? RENAME_EXCHANGE : 0) != 0)
    return os_error("rename to", path, errno);
  TRY(sync_path(path_ + "/checkpoints"));
  if (replaces) TRY(remove_all(written));
  return path;
}

Result<std::vector<std::int64_t>> RunFolder::checkpoints() const {
  std::vector<std::int64_t> out;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path_ + "/checkpoints", error))
    if (const auto step = step_of(entry.path().filename().string())) out.push_back(*step);
  if (error) return os_error("read the folder", path_ + "/checkpoints", error.value());
  std::sort(out.begin(), out.end());
  return out;
}

Result<void> RunFolder::mark_best(std::int64_t step) const {
  if (!fs::exists(checkpoint_path(step))) return fail(ErrorCode::kNotFound, fmt::format("there is no checkpoint of step {}", step));
  const std::string link = best_path() + ".tmp";
  ::unlink(link.c_str());
  if (::symlink(fmt::format("checkpoints/step-{}", step).c_str(), link.c_str()) != 0) return os_error("link", link, errno);
  if (::rename(link.c_str(), best_path().c_str()) != 0) return os_error("rename to", best_path(), errno);
  return sync_path(path_);
}

std::optional<std::int64_t> RunFolder::best() const {
  std::error_code error;
  const fs::path target = fs::read_symlink(best_path(), error);
  return error ? std::nullopt : step_of(target.filename().string());
}

Result<void> RunFolder::prune(std::size_t keep) const {
  auto steps = TRY(checkpoints());
  steps.resize(steps.size() - std::min(keep, steps.size()));
  const auto kept = best();
  for (const std::int64_t step : steps) {
    if (step == kept) continue;
    // First out of the way: a folder of this name is always a whole checkpoint.
    const std::string path = checkpoint_path(step), gone = path + ".tmp";
    TRY(remove_all(gone));
    if (::rename(path.c_str(), gone.c_str()) != 0) return os_error("rename to", gone, errno);
    TRY(remove_all(gone));
  }
  return {};
}

}  // namespace steward::runs
