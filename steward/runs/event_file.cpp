#include "steward/runs/event_file.h"

#include <bit>

#include <boost/crc.hpp>

namespace steward::runs {
namespace {

template <class T>
void append_little_endian(std::string& out, T value) {
  for (std::size_t i = 0; i < sizeof value; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
}

/// Protocol Buffers' wire format: a varint, and the key of a field.
void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

enum Wire : std::uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

void append_key(std::string& out, std::uint32_t field, Wire wire) { append_varint(out, field << 3 | wire); }

void append_bytes(std::string& out, std::uint32_t field, std::string_view bytes) {
  append_key(out, field, kBytes);
  append_varint(out, bytes.size());
  out += bytes;
}

/// Event.wall_time, in seconds.
std::string event_at(std::int64_t time_us) {
  std::string out;
  append_key(out, 1, kFixed64);
  append_little_endian(out, std::bit_cast<std::uint64_t>(static_cast<double>(time_us) / 1e6));
  return out;
}

std::string record_of(std::string_view event) {
  std::string out;
  append_little_endian(out, static_cast<std::uint64_t>(event.size()));
  append_little_endian(out, masked_crc32c(out));
  out += event;
  append_little_endian(out, masked_crc32c(event));
  return out;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

std::uint32_t masked_crc32c(std::string_view bytes) { return std::rotr(crc32c(bytes), 15) + 0xa282ead8u; }

std::string event_file_begin(std::int64_t time_us) {
  std::string event = event_at(time_us);
  append_bytes(event, 3, "brain.Event:2");  // Event.file_version
  return record_of(event);
}

std::string event_record(const StepRecord& record) {
  std::string summary;
  for (const auto& [name, number] : record.values) {
    std::string value;
    append_bytes(value, 1, name);    // Summary.Value.tag
    append_key(value, 2, kFixed32);  // Summary.Value.simple_value
    append_little_endian(value, std::bit_cast<std::uint32_t>(static_cast<float>(number)));
    append_bytes(summary, 1, value);  // Summary.value
  }
  std::string event = event_at(record.time_us);
  append_key(event, 2, kVarint);  // Event.step
  append_varint(event, static_cast<std::uint64_t>(record.step));
  append_bytes(event, 5, summary);  // Event.summary
  return record_of(event);
}

}  // namespace steward::runs
