#include "steward/tune/distributed.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>

#include "steward/core/check.h"

namespace steward::tune {
namespace {

/// Numbers of a bucket: small tensors are joined up to this many, so that the time of a message does not count for each.
constexpr std::int64_t kBucketNumbers = 4 << 20;

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

Result<int> whole_number(const char* name) {
  const std::string_view text = variable(name);
  int value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || rest != text.data() + text.size() || value < 0)
    return fail(ErrorCode::kInvalidInput, fmt::format("the variable {} is '{}': it should be a whole number", name, text));
  return value;
}

Result<Launch> read_launch(const char* by, const char* rank, const char* size) {
  Launch out;
  out.by = by;
  out.rank = TRY(whole_number(rank));
  out.size = TRY(whole_number(size));
  if (out.rank >= out.size)
    return fail(ErrorCode::kInvalidInput, fmt::format("{} is {} and {} is {}: there is no such process", rank, out.rank, size, out.size));
  out.host = variable("MASTER_ADDR");
  if (!variable("MASTER_PORT").empty()) out.port = TRY(whole_number("MASTER_PORT"));
  return out;
}

/// Consecutive tensors whose numbers fit a bucket; a larger one stands alone.
std::vector<std::vector<Tensor>> buckets_of(const std::vector<Tensor>& tensors) {
  std::vector<std::vector<Tensor>> out;
  std::int64_t room = 0;
  for (const Tensor& tensor : tensors) {
    if (tensor.numel() > room) {
      out.emplace_back();
      room = kBucketNumbers;
    }
    out.back().push_back(tensor);
    room -= std::min(room, tensor.numel());
  }
  return out;
}

}  // namespace

Result<Launch> launch_of_environment() {
  if (!variable("OMPI_COMM_WORLD_SIZE").empty()) return read_launch("mpirun", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE");
  if (!variable("WORLD_SIZE").empty() && !variable("RANK").empty()) return read_launch("torchrun", "RANK", "WORLD_SIZE");
  // The script of a job has SLURM_NTASKS too, but runs once: only srun's steps are processes of a run.
  if (!variable("SLURM_STEP_ID").empty() && !variable("SLURM_PROCID").empty()) return read_launch("srun", "SLURM_PROCID", "SLURM_NTASKS");
  return Launch{};
}

World::World(const Launch& launch, std::unique_ptr<Transport> transport)
    : rank_(launch.rank), size_(launch.size), transport_(std::move(transport)) {}

Result<World> World::open(const runs::ComputeConfig& config) {
  if (config.device == "cuda")
    return fail(ErrorCode::kInvalidInput, "the trainer computes on the CPU alone so far (compute.device: cpu)", "compute.device");
  const Launch launch = TRY(launch_of_environment());
  if (launch.size == 1) return World();
  std::string backend = config.backend;
  if (backend == "auto") backend = config.device == "cuda" ? "nccl" : launch.by == "torchrun" ? "tcp" : "mpi";
  std::unique_ptr<Transport> transport;
  if (backend == "mpi" || (backend == "nccl" && launch.by != "torchrun")) {
    transport = TRY(open_mpi(launch));
  } else {
    transport = TRY(open_tcp(launch));
  }
  if (backend == "nccl") transport = TRY(open_nccl(launch, std::move(transport)));
  return World(launch, std::move(transport));
}

void World::keep(Result<void> done) const {
  if (!done && status_) status_ = fail(done.error());
}

Result<void> World::status() const { return status_; }

Part World::part(const data::BatchPlan& whole) const {
  if (size_ == 1) return {whole, 1};
  Part out;
  std::size_t here = 0, all = 0;
  for (std::size_t row = 0; row < whole.size(); ++row) {
    all += whole[row].size();
    if (row % static_cast<std::size_t>(size_) != static_cast<std::size_t>(rank_)) continue;
    here += whole[row].size();
    out.plan.push_back(whole[row]);
  }
  out.weight = static_cast<double>(here) / static_cast<double>(all);
  return out;
}

std::vector<data::BatchPlan> World::part(std::vector<data::BatchPlan> batches) const {
  if (size_ == 1) return batches;
  std::vector<data::BatchPlan> out;
  for (auto i = static_cast<std::size_t>(rank_); i < batches.size(); i += static_cast<std::size_t>(size_))
    out.push_back(std::move(batches[i]));
  return out;
}

void World::sum(std::initializer_list<double*> values) const {
  if (size_ == 1 || !status_) return;
  Tensor numbers = at::empty({static_cast<std::int64_t>(values.size())}, at::kDouble);
  std::transform(values.begin(), values.end(), numbers.mutable_data_ptr<double>(), [](const double* value) { return *value; });
  keep(transport_->sum(numbers));
  const double* sums = numbers.const_data_ptr<double>();
  for (double* value : values) *value = *sums++;
}

void World::sum(const Tensor& values) const {
  if (size_ == 1 || !status_) return;
  STEWARD_CHECK(values.is_contiguous());
  const at::NoGradGuard guard;
  keep(transport_->sum(values.view(-1)));
}

void World::wait() const {
  double none = 0;
  sum({&none});
}

void World::sum_gradients(const std::map<std::string, Tensor>& parameters) const {
  if (size_ == 1 || !status_) return;
  const at::NoGradGuard guard;
  Tensor had = at::zeros({static_cast<std::int64_t>(parameters.size())}, at::kDouble);
  std::int64_t index = 0;
  for (const auto& [name, parameter] : parameters) had[index++] = parameter.grad().defined() ? 1 : 0;
  keep(transport_->sum(had));
  std::vector<Tensor> gradients;
  index = 0;
  for (const auto& [name, parameter] : parameters) {
    if (had[index++].item<double>() == 0) continue;
    Tensor& gradient = parameter.mutable_grad();
    gradient = gradient.defined() ? gradient.contiguous() : at::zeros_like(parameter, at::MemoryFormat::Contiguous);
    gradients.push_back(gradient);
  }
  for (const auto& bucket : buckets_of(gradients)) {
    if (!status_) return;
    if (bucket.size() == 1) {
      keep(transport_->sum(bucket[0].view(-1)));
      continue;
    }
    std::vector<Tensor> flat;
    std::vector<std::int64_t> counts;
    for (const Tensor& gradient : bucket) {
      flat.push_back(gradient.view(-1));
      counts.push_back(gradient.numel());
    }
    const Tensor joined = at::cat(flat);
    keep(transport_->sum(joined));
    const auto parts = joined.split_with_sizes(counts);
    for (std::size_t i = 0; i < flat.size(); ++i) flat[i].copy_(parts[i]);
  }
}

std::pair<std::int64_t, std::int64_t> World::stretch(std::int64_t numbers, int rank) const {
  const std::int64_t each = (numbers + size_ - 1) / size_, begin = std::min(numbers, each * rank);
  return {begin, std::min(each, numbers - begin)};
}

Tensor World::own(const Tensor& tensor) const {
  if (size_ == 1) return tensor;
  STEWARD_CHECK(tensor.is_contiguous());
  const auto [begin, count] = stretch(tensor.numel(), rank_);
  return tensor.view(-1).narrow(0, begin, count);
}

void World::gather(const std::vector<Tensor>& tensors) const {
  if (size_ == 1) return;
  const at::NoGradGuard guard;
  for (const auto& bucket : buckets_of(tensors)) {
    if (!status_) return;
    std::int64_t each = 0;  // numbers of a process, stretches that are shorter filled up
    for (const Tensor& tensor : bucket) each += stretch(tensor.numel(), 0).second;
    const Tensor mine = at::zeros({each}, bucket[0].options()), all = at::empty({each * size_}, bucket[0].options());
    std::int64_t at = 0;
    for (const Tensor& tensor : bucket) {
      const Tensor part = own(tensor);
      mine.narrow(0, at, part.numel()).copy_(part);
      at += stretch(tensor.numel(), 0).second;
    }
    keep(transport_->gather(mine, all));
    if (!status_) return;
    for (int rank = 0; rank < size_; ++rank) {
      at = each * rank;
      for (const Tensor& tensor : bucket) {
        const auto [begin, count] = stretch(tensor.numel(), rank);
        if (rank != rank_) tensor.view(-1).narrow(0, begin, count).copy_(all.narrow(0, at, count));
        at += stretch(tensor.numel(), 0).second;
      }
    }
  }
}

}  // namespace steward::tune
