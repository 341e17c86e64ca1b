#include "steward/model/llama/gguf_header.h"

#include <bit>
#include <filesystem>
#include <fstream>
#include <limits>
#include <set>

#include <fmt/format.h>
#include <ggml.h>

namespace steward::model {
namespace {

static_assert(std::endian::native == std::endian::little, "GGUF files are little-endian");

constexpr std::uint64_t kKeysMax = 65'536, kTensorsMax = 65'536, kKeyBytesMax = 65'535, kTextBytesMax = 16u << 20;
constexpr std::uint64_t kTensorNameMax = GGML_MAX_NAME - 1, kAlignmentMax = 1u << 20;

/// Value types of the format, by their numbers.
enum class Type : std::uint32_t { kU8, kI8, kU16, kI16, kU32, kI32, kF32, kBool, kText, kArray, kU64, kI64, kF64 };

tl::unexpected<Error> broken(std::string what) { return fail(ErrorCode::kInvalidInput, std::move(what)); }
tl::unexpected<Error> cut() { return broken("it ends in the middle of its header"); }

class Reader {
 public:
  Reader(std::istream& in, std::uint64_t bytes) : in_(in), bytes_(bytes), left_(bytes) {}
  std::uint64_t left() const { return left_; }
  std::uint64_t at() const { return bytes_ - left_; }
  Result<void> bytes(char* to, std::uint64_t count) {
    if (count > left_ || !in_.read(to, static_cast<std::streamsize>(count))) return cut();
    left_ -= count;
    return {};
  }
  Result<void> skip(std::uint64_t count) {
    if (count > left_ || !in_.ignore(static_cast<std::streamsize>(count)) || static_cast<std::uint64_t>(in_.gcount()) != count)
      return cut();
    left_ -= count;
    return {};
  }
  template <typename T>
  Result<T> number() {
    T out{};
    TRY(bytes(reinterpret_cast<char*>(&out), sizeof out));
    return out;
  }
  Result<std::uint64_t> length(std::uint64_t most) {
    const auto count = TRY(number<std::uint64_t>());
    if (count > left_) return cut();
    if (count > most) return broken("a text in its header is too long");
    return count;
  }
  Result<std::string> text(std::uint64_t most) {
    const auto count = TRY(length(most));
    std::string out(count, '\0');
    TRY(bytes(out.data(), out.size()));
    return out;
  }

 private:
  std::istream& in_;
  const std::uint64_t bytes_;
  std::uint64_t left_;
};

/// Bytes of a value of fixed width; 0 for texts, arrays and unknown types.
std::uint64_t width_of(Type type) {
  switch (type) {
    case Type::kU8:
    case Type::kI8:
    case Type::kBool:
      return 1;
    case Type::kU16:
    case Type::kI16:
      return 2;
    case Type::kU32:
    case Type::kI32:
    case Type::kF32:
      return 4;
    case Type::kU64:
    case Type::kI64:
    case Type::kF64:
      return 8;
    default:
      return 0;
  }
}

template <typename T>
Result<GgufScalar> integer(Reader& in) {
  const T value = TRY(in.number<T>());
  if (!std::in_range<std::int64_t>(value)) return broken("a number in its metadata is out of range");
  return GgufScalar(static_cast<std::int64_t>(value));
}

template <typename T>
Result<GgufScalar> real(Reader& in) {
  const T value = TRY(in.number<T>());
  return GgufScalar(static_cast<double>(value));
}

Result<GgufScalar> read_scalar(Reader& in, Type type) {
  switch (type) {
    case Type::kU8:
      return integer<std::uint8_t>(in);
    case Type::kI8:
      return integer<std::int8_t>(in);
    case Type::kU16:
      return integer<std::uint16_t>(in);
    case Type::kI16:
      return integer<std::int16_t>(in);
    case Type::kU32:
      return integer<std::uint32_t>(in);
    case Type::kI32:
      return integer<std::int32_t>(in);
    case Type::kU64:
      return integer<std::uint64_t>(in);
    case Type::kI64:
      return integer<std::int64_t>(in);
    case Type::kF32:
      return real<float>(in);
    case Type::kF64:
      return real<double>(in);
    case Type::kBool: {
      const auto value = TRY(in.number<std::uint8_t>());
      return GgufScalar(value != 0);
    }
    case Type::kText: {
      std::string value = TRY(in.text(kTextBytesMax));
      return GgufScalar(std::move(value));
    }
    default:
      return broken("a value in its metadata has an unknown type");
  }
}

Result<GgufArray> skip_array(Reader& in) {
  const auto type = static_cast<Type>(TRY(in.number<std::uint32_t>()));
  const auto count = TRY(in.number<std::uint64_t>());
  const GgufArray array = {count, static_cast<std::uint32_t>(type), in.at()};
  if (type == Type::kText) {
    if (count > in.left() / 8) return cut();
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto bytes = TRY(in.length(kTextBytesMax));
      TRY(in.skip(bytes));
    }
    return array;
  }
  const std::uint64_t width = width_of(type);
  if (width == 0) return broken("a list in its metadata has an unknown type");
  if (count > in.left() / width) return cut();
  TRY(in.skip(count * width));
  return array;
}

Result<void> read_metadata(Reader& in, std::uint64_t count, GgufHeader& out) {
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string key = TRY(in.text(kKeyBytesMax));
    if (key.empty()) return broken("a key of its metadata is empty");
    if (out.scalars.contains(key) || out.arrays.contains(key)) return broken("a key of its metadata stands there twice");
    const auto type = static_cast<Type>(TRY(in.number<std::uint32_t>()));
    if (type == Type::kArray) {
      out.arrays[key] = TRY(skip_array(in));
    } else {
      out.scalars[key] = TRY(read_scalar(in, type));
    }
  }
  return {};
}

Result<std::uint64_t> tensor_bytes(const std::array<std::uint64_t, GGML_MAX_DIMS>& shape, std::uint32_t type_number) {
  if (type_number >= GGML_TYPE_COUNT) return broken("a tensor has an unknown number format");
  const auto type = static_cast<ggml_type>(type_number);
  const auto block = static_cast<std::uint64_t>(ggml_blck_size(type));
  if (block == 0 || shape[0] % block != 0) return broken("a tensor has an unknown number format or a row that does not fit it");
  std::uint64_t bytes = shape[0] / block;
  for (const std::uint64_t factor : {shape[1], shape[2], shape[3], static_cast<std::uint64_t>(ggml_type_size(type))})
    if (__builtin_mul_overflow(bytes, factor, &bytes)) return broken("a tensor is larger than any file");
  return bytes;
}

Result<void> read_tensors(Reader& in, std::uint64_t count, GgufHeader& out) {
  std::set<std::string> names;
  for (std::uint64_t i = 0; i < count; ++i) {
    GgufTensor tensor;
    tensor.name = TRY(in.text(kTensorNameMax));
    if (!names.insert(tensor.name).second) return broken("two tensors have the same name");
    const auto dimensions = TRY(in.number<std::uint32_t>());
    if (dimensions > GGML_MAX_DIMS) return broken("a tensor has more than four dimensions");
    for (std::uint32_t j = 0; j < dimensions; ++j) {
      tensor.shape[j] = TRY(in.number<std::uint64_t>());
      if (tensor.shape[j] == 0 || tensor.shape[j] > std::numeric_limits<std::int32_t>::max())
        return broken("a tensor has an empty or enormous dimension");
    }
    tensor.type = TRY(in.number<std::uint32_t>());
    tensor.bytes = TRY(tensor_bytes(tensor.shape, tensor.type));
    tensor.offset = TRY(in.number<std::uint64_t>());
    out.tensors.push_back(std::move(tensor));
  }
  return {};
}

/// Keys that llama.cpp reads without asking for their type, or divides and allocates by.
Result<void> check_known_keys(const GgufHeader& header) {
  for (const char* key : {"general.architecture", "general.type", "general.name", "adapter.type", "tokenizer.chat_template"})
    if (const auto at = header.scalars.find(key);
        header.arrays.contains(key) || (at != header.scalars.end() && !std::holds_alternative<std::string>(at->second)))
      return broken(fmt::format("{} in its metadata is no text", key));
  if (header.text("general.architecture").empty()) return broken("general.architecture is missing from its metadata");
  if (const auto alpha = header.scalars.find("adapter.lora.alpha");
      header.arrays.contains("adapter.lora.alpha") || (alpha != header.scalars.end() && !std::holds_alternative<double>(alpha->second)))
    return broken("adapter.lora.alpha in its metadata is no number");
  const std::string prefix = header.text("general.architecture") + ".";
  for (const auto& [name, most] :
       {std::pair{"block_count", 1024}, {"embedding_length", 1 << 20}, {"context_length", 1 << 30}, {"attention.head_count", 1 << 16}}) {
    const auto at = header.scalars.find(prefix + name);
    if (at == header.scalars.end()) continue;
    const auto* value = std::get_if<std::int64_t>(&at->second);
    if (!value || *value < 1 || *value > most) return broken(fmt::format("{} in its metadata is out of range", name));
  }
  const auto tokens = header.arrays.find("tokenizer.ggml.tokens");
  if (tokens == header.arrays.end()) return {};
  for (const char* key : {"tokenizer.ggml.scores", "tokenizer.ggml.token_type"})
    if (const auto at = header.arrays.find(key); at != header.arrays.end() && at->second.count != tokens->second.count)
      return broken(fmt::format("{} and the tokens in its metadata differ in number", key));
  return {};
}

Result<std::uint64_t> alignment_of(const GgufHeader& header) {
  const auto at = header.scalars.find("general.alignment");
  if (at == header.scalars.end() && !header.arrays.contains("general.alignment")) return std::uint64_t{32};
  const auto* value = at == header.scalars.end() ? nullptr : std::get_if<std::int64_t>(&at->second);
  if (!value || *value < 1 || static_cast<std::uint64_t>(*value) > kAlignmentMax ||
      !std::has_single_bit(static_cast<std::uint64_t>(*value)))
    return broken("general.alignment in its metadata is no power of two");
  return static_cast<std::uint64_t>(*value);
}

}  // namespace

std::string GgufHeader::text(const std::string& key) const {
  const auto at = scalars.find(key);
  const auto* value = at == scalars.end() ? nullptr : std::get_if<std::string>(&at->second);
  return value ? *value : "";
}

Result<GgufHeader> read_gguf_header(std::istream& in, std::uint64_t file_bytes) {
  Reader reader(in, file_bytes);
  char magic[4] = {};
  if (!reader.bytes(magic, 4) || std::string_view(magic, 4) != "GGUF") return broken("it is no GGUF model: it does not begin with GGUF");
  GgufHeader out;
  out.version = TRY(reader.number<std::uint32_t>());
  if (out.version < 2 || out.version > 3) return broken("its GGUF version is not 2 or 3: convert the model again");
  const auto tensors = TRY(reader.number<std::uint64_t>());
  const auto keys = TRY(reader.number<std::uint64_t>());
  if (tensors > kTensorsMax || keys > kKeysMax) return broken("its header counts more tensors or keys than any model has");
  TRY(read_metadata(reader, keys, out));
  TRY(read_tensors(reader, tensors, out));
  TRY(check_known_keys(out));
  const std::uint64_t alignment = TRY(alignment_of(out));
  out.data_begin = (reader.at() + alignment - 1) / alignment * alignment;
  for (const GgufTensor& tensor : out.tensors) {
    if (tensor.offset % alignment != 0) return broken("a tensor begins between two places");
    if (out.data_begin > file_bytes || tensor.offset > file_bytes - out.data_begin ||
        tensor.bytes > file_bytes - out.data_begin - tensor.offset)
      return broken("it ends before its last tensor");
  }
  return out;
}

Result<GgufHeader> read_gguf_header(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return fail(ErrorCode::kNotFound, fmt::format("there is no model file {}", path));
  const std::uint64_t size = std::filesystem::file_size(path, error);
  std::ifstream in(path, std::ios::binary);
  if (error || !in) return fail(ErrorCode::kNotFound, fmt::format("cannot read the model file {}", path));
  auto header = read_gguf_header(in, size);
  if (!header) return fail(header.error().code, fmt::format("{} is not a whole model: {}. Fetch it again", path, header.error().message));
  return header;
}

}  // namespace steward::model
