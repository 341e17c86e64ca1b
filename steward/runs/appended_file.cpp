#include "steward/runs/appended_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace steward::runs {

Result<std::unique_ptr<AppendedFile>> AppendedFile::open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return fail(ErrorCode::kInternal, fmt::format("cannot open {}: {}", path, std::strerror(errno)));
  return std::make_unique<AppendedFile>(fd, path);
}

AppendedFile::~AppendedFile() { ::close(fd_); }

Result<void> AppendedFile::write(std::string_view bytes) {
  const off_t begin = ::lseek(fd_, 0, SEEK_END);
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const int error = errno;
      const bool undone = begin >= 0 && ::ftruncate(fd_, begin) == 0;
      return fail(ErrorCode::kInternal,
                  fmt::format("cannot write {}: {}{}", path_, std::strerror(error), undone ? "" : "; its last record is cut short"));
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

}  // namespace steward::runs
