#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "steward/core/result.h"

namespace steward::runs {

/// A file that grows at its end.
class AppendedFile {
 public:
  /// Makes the file if it is missing. Errors: kInternal.
  static Result<std::unique_ptr<AppendedFile>> open(const std::string& path);
  AppendedFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  ~AppendedFile();
  AppendedFile(const AppendedFile&) = delete;
  AppendedFile& operator=(const AppendedFile&) = delete;

  /// All of `bytes`, or, when the disk is full, none of them. Errors: kInternal.
  Result<void> write(std::string_view bytes);

 private:
  int fd_;
  std::string path_;
};

}  // namespace steward::runs
