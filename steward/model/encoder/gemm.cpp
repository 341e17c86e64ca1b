#include "steward/model/encoder/gemm.h"

#include <oneapi/dnnl/dnnl.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "steward/core/check.h"

// Debian's oneDNN runs on OpenMP. This sets the number of threads for the calling thread alone; clang brings no header for GNU's OpenMP.
extern "C" void omp_set_num_threads(int);

namespace steward::model {
namespace {

using Type = dnnl::memory::data_type;
using Tag = dnnl::memory::format_tag;

const dnnl::engine& engine() {
  static const dnnl::engine one(dnnl::engine::kind::cpu, 0);
  return one;
}

/// Our threads are requests: each computes alone.
void use_one_thread() {
  thread_local const bool done = (omp_set_num_threads(1), true);
  (void)done;
}

const dnnl::stream& stream() {
  thread_local const dnnl::stream one(engine());
  return one;
}

tl::unexpected<Error> failed(const dnnl::error& error) { return fail(ErrorCode::kInternal, std::string("oneDNN failed: ") + error.what()); }

}  // namespace

class PackedWeights {
 public:
  dnnl::memory memory;
};

void PackedWeightsDelete::operator()(PackedWeights* weights) const { delete weights; }

struct Gemm::Shape {
  dnnl::memory::dim inputs, outputs;
  struct ForRows {
    dnnl::memory::desc in, out, scratch;
    dnnl::matmul product;
  };
  int weight_max = 0;
  dnnl::memory::desc weights;
  std::array<ForRows, kRowsMax / kRowsStep> for_rows;  // by rows / kRowsStep - 1
};

Gemm::Gemm(std::unique_ptr<Shape> shape) : shape_(std::move(shape)) {}
Gemm::Gemm(Gemm&&) noexcept = default;
Gemm& Gemm::operator=(Gemm&&) noexcept = default;
Gemm::~Gemm() = default;

int Gemm::weight_max() const { return shape_->weight_max; }

// Before VNNI, the library adds neighbouring products in 16 bits, saturating: there, only 2 · 255 · 64 fits.
Result<int> Gemm::largest_exact_weight() const {
  const std::size_t inputs = static_cast<std::size_t>(shape_->inputs), outputs = static_cast<std::size_t>(shape_->outputs);
  const std::vector<std::uint8_t> in(kRowsStep * inputs, 255);
  std::vector<std::int32_t> out(kRowsStep * outputs);
  for (const int weight : {127, 64}) {
    const PackedWeightsPtr packed = TRY(pack(std::vector<std::int8_t>(inputs * outputs, static_cast<std::int8_t>(weight))));
    TRY(multiply(in.data(), kRowsStep, *packed, out.data()));
    const auto exact = static_cast<std::int32_t>(inputs) * 255 * weight;
    if (std::all_of(out.begin(), out.end(), [&](std::int32_t sum) { return sum == exact; })) return weight;
  }
  return fail(ErrorCode::kInternal, "oneDNN multiplies inexactly on this processor: report its model");
}

Result<Gemm> Gemm::create(std::size_t inputs, std::size_t outputs) {
  use_one_thread();
  try {
    auto shape = std::make_unique<Shape>();
    shape->inputs = static_cast<dnnl::memory::dim>(inputs);
    shape->outputs = static_cast<dnnl::memory::dim>(outputs);
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    // The kernel of the most rows chooses the order of the weights, and the others keep to it.
    shape->weights = dnnl::memory::desc({shape->inputs, shape->outputs}, Type::s8, Tag::any);
    for (std::size_t i = shape->for_rows.size(); i-- > 0;) {
      const auto rows = static_cast<dnnl::memory::dim>((i + 1) * kRowsStep);
      Shape::ForRows& one = shape->for_rows[i];
      one.in = dnnl::memory::desc({rows, shape->inputs}, Type::u8, Tag::ab);
      one.out = dnnl::memory::desc({rows, shape->outputs}, Type::s32, Tag::ab);
      const dnnl::matmul::primitive_desc how(dnnl::matmul::desc(one.in, shape->weights, one.out), attributes, engine());
      shape->weights = how.weights_desc();
      one.scratch = how.scratchpad_desc();
      one.product = dnnl::matmul(how);
    }
    Gemm out(std::move(shape));
    out.shape_->weight_max = TRY(out.largest_exact_weight());
    return out;
  } catch (const dnnl::error& error) {
    return failed(error);
  }
}

Result<PackedWeightsPtr> Gemm::pack(std::span<const std::int8_t> weights) const {
  STEWARD_CHECK(weights.size() == static_cast<std::size_t>(shape_->inputs * shape_->outputs));
  use_one_thread();
  try {
    dnnl::memory plain({{shape_->inputs, shape_->outputs}, Type::s8, Tag::ba}, engine(), const_cast<std::int8_t*>(weights.data()));
    PackedWeightsPtr out(new PackedWeights{dnnl::memory(shape_->weights, engine())});
    dnnl::stream own(engine());
    dnnl::reorder(plain, out->memory).execute(own, plain, out->memory);
    own.wait();
    return out;
  } catch (const dnnl::error& error) {
    return failed(error);
  }
}

Result<void> Gemm::multiply(const std::uint8_t* in, std::size_t rows, const PackedWeights& weights, std::int32_t* out) const {
  STEWARD_CHECK(rows > 0 && rows % kRowsStep == 0 && rows <= kRowsMax);
  use_one_thread();
  thread_local std::vector<char> scratch;
  const Shape::ForRows& one = shape_->for_rows[rows / kRowsStep - 1];
  if (scratch.size() < one.scratch.get_size()) scratch.resize(one.scratch.get_size());
  try {
    const dnnl::memory from(one.in, engine(), const_cast<std::uint8_t*>(in)), to(one.out, engine(), out);
    const dnnl::memory room(one.scratch, engine(), scratch.data());
    one.product.execute(stream(),
                        {{DNNL_ARG_SRC, from}, {DNNL_ARG_WEIGHTS, weights.memory}, {DNNL_ARG_DST, to}, {DNNL_ARG_SCRATCHPAD, room}});
    return {};
  } catch (const dnnl::error& error) {
    return failed(error);
  }
}

}  // namespace steward::model
