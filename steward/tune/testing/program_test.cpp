#include "steward/tune/testing/program.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "steward/core/check.h"
#include "steward/core/files.h"
#include "steward/tune/gguf_writer.h"
#include "steward/tune/testing/library.h"
#include "steward/tune/testing/tiny.h"

namespace steward::tune::testing {

std::string small_chat_model() {
  static const std::string path = [] {
    LlamaShape shape;
    shape.layers = 2;
    shape.width = 64;
    shape.heads = 4;
    shape.kv_heads = 2;
    shape.head_width = 16;
    shape.ffn_width = 96;
    shape.vocabulary = 49'152;
    shape.context = 2048;
    shape.tied = true;
    auto writer = GgufWriter::like(model_path());
    STEWARD_CHECK(writer.has_value());
    const auto set = [&](const char* key, std::int64_t value) {
      writer->set(std::string("llama.") + key, static_cast<std::uint32_t>(value));
    };
    set("block_count", shape.layers);
    set("embedding_length", shape.width);
    set("attention.head_count", shape.heads);
    set("attention.head_count_kv", shape.kv_heads);
    set("rope.dimension_count", shape.head_width);
    set("feed_forward_length", shape.ffn_width);
    LlamaWeights weights = random_weights(shape);
    weights.tensors["token_embd.weight"].mul_(0.3);
    for (const TensorShape& tensor : tensors_of(shape)) writer->add(tensor.name, weights.tensors.at(tensor.name), NumberFormat::kF16);
    std::string out = scratch_folder() + "/small.gguf";
    STEWARD_CHECK(writer->write(out).has_value());
    return out;
  }();
  return path;
}

std::string overflowing_chat_model() {
  const std::string path = scratch_folder() + "/overflowing.gguf";
  auto writer = GgufWriter::like(small_chat_model());
  auto tensors = GgufTensors::open(small_chat_model());
  STEWARD_CHECK(writer.has_value() && tensors.has_value());
  for (const std::string& name : tensors->names())
    writer->add(name, *tensors->read(name) * (name == "output_norm.weight" ? 2e38F : 1.0F), NumberFormat::kF16);
  STEWARD_CHECK(writer->write(path).has_value());
  return path;
}

Outcome run_tune(const std::vector<std::string>& arguments, const std::string& log, int kill_after) {
  const std::string errors = scratch_folder() + "/stderr";
  std::vector<char*> words = {const_cast<char*>(STEWARD_TUNE_PROGRAM)};
  for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  const pid_t child = ::fork();
  STEWARD_CHECK(child >= 0);
  if (child == 0) {
    const int file = ::open(errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ::dup2(file, STDERR_FILENO);
    ::dup2(file, STDOUT_FILENO);
    ::execv(words[0], words.data());
    ::_exit(127);
  }
  Outcome out;
  int status = 0;
  while (::waitpid(child, &status, kill_after > 0 ? WNOHANG : 0) == 0) {
    const auto text = read_file(log);
    if (text && std::count(text->begin(), text->end(), '\n') >= kill_after) ::kill(child, SIGKILL);
    ::usleep(500);  // a pause of the watcher: nothing that is checked depends on it
  }
  out.killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  out.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  out.errors = read_file(errors).value_or("");
  return out;
}

}  // namespace steward::tune::testing
