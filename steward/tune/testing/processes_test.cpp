#include "steward/tune/testing/processes.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>

#include <fmt/format.h>

#include "steward/core/check.h"
#include "steward/core/files.h"
#include "steward/tune/testing/library.h"

namespace steward::tune::testing {
namespace {

int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  STEWARD_CHECK(::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  ::close(fd);
  return ntohs(address.sin_port);
}

using Variables = std::vector<std::pair<std::string, std::string>>;

pid_t start(const std::vector<std::string>& command, const Variables& variables, const std::string& errors,
            const std::function<void()>& prepare = {}) {
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const pid_t child = ::fork();
  STEWARD_CHECK(child >= 0);
  if (child > 0) return child;
  for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
  if (prepare) prepare();
  const int file = ::open(errors.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  ::dup2(file, STDERR_FILENO);
  ::dup2(file, STDOUT_FILENO);
  ::execvp(words[0], words.data());
  ::_exit(127);
}

/// The last process that mpirun has started.
pid_t last_child(pid_t parent) {
  std::ifstream file(fmt::format("/proc/{0}/task/{0}/children", parent));
  pid_t child = 0, last = 0;
  while (file >> child) last = child;
  return last;
}

std::vector<pid_t> start_all(Started by, int count, const std::vector<std::string>& arguments, const std::string& errors) {
  std::vector<std::string> command;
#ifdef STEWARD_MPIRUN
  if (by == Started::kByMpirun)
    command = {STEWARD_MPIRUN, "--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-n", std::to_string(count)};
#endif
  command.emplace_back(STEWARD_TUNE_PROGRAM);
  command.insert(command.end(), arguments.begin(), arguments.end());
  // Open MPI leaves memory that it never frees to the end of the process.
  const char* asan = std::getenv("ASAN_OPTIONS");
  if (by == Started::kByMpirun) return {start(command, {{"ASAN_OPTIONS", fmt::format("{}:detect_leaks=0", asan ? asan : "")}}, errors)};
  std::vector<pid_t> out;
  const std::string port = std::to_string(free_port()), size = std::to_string(count);
  for (int rank = 0; rank < count; ++rank)
    out.push_back(start(
        command, {{"RANK", std::to_string(rank)}, {"WORLD_SIZE", size}, {"MASTER_ADDR", "127.0.0.1"}, {"MASTER_PORT", port}}, errors));
  return out;
}

}  // namespace

Started started_by_default() {
#ifdef STEWARD_MPIRUN
  return Started::kByMpirun;
#else
  return Started::kByTorchrun;
#endif
}

Outcome run_processes(Started by, int count, const std::vector<std::string>& arguments, const std::string& log, int kill_after) {
  const std::string errors = scratch_folder() + "/processes";
  ::unlink(errors.c_str());
  const std::vector<pid_t> children = start_all(by, count, arguments, errors);
  Outcome out;
  for (const pid_t child : children) {
    int status = 0;
    while (::waitpid(child, &status, kill_after > 0 ? WNOHANG : 0) == 0) {
      const auto text = read_file(log);
      if (!out.killed && text && std::count(text->begin(), text->end(), '\n') >= kill_after) {
        const pid_t victim = by == Started::kByMpirun ? last_child(child) : children.back();
        out.killed = victim > 0 && ::kill(victim, SIGKILL) == 0;
      }
      ::usleep(500);  // a pause of the watcher: nothing that is checked depends on it
    }
    if (out.exit_code == 0) out.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  out.errors = read_file(errors).value_or("");
  return out;
}

namespace {

Outcome run_alone(const std::vector<std::string>& arguments, const Variables& variables, const std::function<void()>& prepare) {
  const std::string errors = scratch_folder() + "/limited";
  ::unlink(errors.c_str());
  std::vector<std::string> command = {STEWARD_TUNE_PROGRAM};
  command.insert(command.end(), arguments.begin(), arguments.end());
  int status = 0;
  ::waitpid(start(command, variables, errors, prepare), &status, 0);
  Outcome out;
  out.killed = WIFSIGNALED(status);
  out.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  out.errors = read_file(errors).value_or("");
  return out;
}

void limit(int resource, std::uint64_t most) {
  const rlimit limits = {most, most};
  ::setrlimit(static_cast<__rlimit_resource>(resource), &limits);
}

}  // namespace

Outcome run_on_small_disk(const std::vector<std::string>& arguments, std::uint64_t file_bytes_max) {
  return run_alone(arguments, {}, [&] {
    ::signal(SIGXFSZ, SIG_IGN);
    limit(RLIMIT_FSIZE, file_bytes_max);
  });
}

Outcome run_in_small_memory(const std::vector<std::string>& arguments, std::uint64_t more_bytes_max) {
#if __has_feature(address_sanitizer)
  // Its shadow takes all of the address space; it has a limit of its own, on each block.
  const char* asan = std::getenv("ASAN_OPTIONS");
  const auto options = fmt::format("{}:allocator_may_return_null=1:max_allocation_size_mb={}", asan ? asan : "", more_bytes_max >> 24);
  return run_alone(arguments, {{"ASAN_OPTIONS", options}}, {});
#else
  // Under the limit that it gets by itself, `sft --print-config` does all but read a model.
  std::uint64_t low = 1 << 28;
  while (run_alone({"sft", "--print-config"}, {}, [&] { limit(RLIMIT_AS, low); }).exit_code != 0) low += low / 8;
  return run_alone(arguments, {}, [&] { limit(RLIMIT_AS, low + more_bytes_max); });
#endif
}

}  // namespace steward::tune::testing
