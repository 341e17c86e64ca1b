#include "steward/core/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

namespace steward {
namespace {

Error os_error(std::string_view what, const std::string& path) {
  return Error{ErrorCode::kInternal, fmt::format("{} {}: {}", what, path, std::strerror(errno)), {}};
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

Result<void> write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(os_error("cannot write", path));
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return fail(ErrorCode::kInvalidInput, path + " is a folder, not a file");
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(ErrorCode::kNotFound, "cannot open " + path);
  const auto size = std::filesystem::file_size(path, error);
  if (!error && size > bytes_max) return fail(ErrorCode::kTooLarge, fmt::format("{} is over {} bytes", path, bytes_max));
  return std::string(std::istreambuf_iterator<char>(in), {});
}

Result<void> write_file_atomic(const std::string& path, std::string_view bytes, unsigned mode) {
  const std::string temporary = fmt::format("{}.{}.tmp", path, ::getpid());
  {
    const Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
    if (file.get() < 0) return fail(os_error("cannot create", temporary));
    auto written = write_all(file.get(), bytes, temporary);
    if (written && ::fsync(file.get()) != 0) written = fail(os_error("cannot sync", temporary));
    if (!written) {
      ::unlink(temporary.c_str());
      return written;
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return fail(os_error("cannot rename to", path));
  const auto parent = std::filesystem::path(path).parent_path();
  const Descriptor folder(::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() >= 0) ::fsync(folder.get());
  return {};
}

Result<std::string> read_key(const std::string& env, const std::string& file) {
  std::string key;
  if (!env.empty()) {
    const char* given = std::getenv(env.c_str());
    if (!given || *given == '\0')
      return fail(ErrorCode::kInvalidInput, fmt::format("the environment variable {} (api_key_env) is not set", env));
    key = given;
  } else if (!file.empty()) {
    key = TRY(read_file(file, 16'384));
  }
  while (!key.empty() && (key.back() == '\n' || key.back() == '\r' || key.back() == ' ')) key.pop_back();
  if (key.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
    return fail(ErrorCode::kInvalidInput, "an API key must be one line of text (api_key_env, api_key_file)");
  return key;
}

}  // namespace steward
