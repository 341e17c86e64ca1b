#include "steward/core/hash.h"

#include <cstring>
#include <fstream>

#include <openssl/sha.h>
#include <sodium.h>

#include "steward/core/check.h"

namespace steward {
namespace {

void ensure_sodium() {
  static const int ready = sodium_init();
  STEWARD_CHECK(ready >= 0);
}

/// OpenSSL's, which uses the processor's SHA instructions: every row of the ledger is hashed.
SHA256_CTX* state_of(std::array<std::uint8_t, 128>& bytes) {
  static_assert(sizeof(SHA256_CTX) <= 128 && alignof(SHA256_CTX) <= 16);
  return reinterpret_cast<SHA256_CTX*>(bytes.data());
}

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

Sha256::Sha256() { SHA256_Init(state_of(state_)); }

Sha256& Sha256::update(std::string_view bytes) {
  SHA256_Update(state_of(state_), bytes.data(), bytes.size());
  return *this;
}

Digest Sha256::finish() {
  Digest digest;
  SHA256_Final(digest.data(), state_of(state_));
  return digest;
}

Digest sha256(std::string_view bytes) { return Sha256().update(bytes).finish(); }

Result<std::string> sha256_file_hex(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(ErrorCode::kNotFound, "cannot open " + path);
  Sha256 hash;
  std::string block(1 << 20, '\0');
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())) || in.gcount() > 0)
    hash.update(std::string_view(block).substr(0, static_cast<std::size_t>(in.gcount())));
  return hex(hash.finish());
}

Digest keyed_hash(const Key& key, std::string_view bytes) {
  ensure_sodium();
  Digest digest;
  crypto_generichash(digest.data(), digest.size(), bytes_of(bytes), bytes.size(), key.data(), key.size());
  return digest;
}

Key derive_key(const Key& key, std::string_view context) { return keyed_hash(key, context); }

Key random_key() {
  Key key;
  random_bytes(key);
  return key;
}

/// The system is asked for many bytes at once: ids and nonces need a few each, several times a turn. What was given out is wiped.
void random_bytes(std::span<std::uint8_t> out) {
  ensure_sodium();
  constexpr std::size_t kPoolBytes = 1024;
  thread_local std::array<std::uint8_t, kPoolBytes> pool;
  thread_local std::size_t left = 0;
  if (out.size() > kPoolBytes / 4) return randombytes_buf(out.data(), out.size());
  if (left < out.size()) {
    randombytes_buf(pool.data(), pool.size());
    left = pool.size();
  }
  std::uint8_t* const from = pool.data() + (left - out.size());
  std::memcpy(out.data(), from, out.size());
  sodium_memzero(from, out.size());
  left -= out.size();
}

std::string hex(std::span<const std::uint8_t> bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out(bytes.size() * 2, '\0');
  char* at = out.data();
  for (const std::uint8_t byte : bytes) {
    *at++ = kDigits[byte >> 4];
    *at++ = kDigits[byte & 15];
  }
  return out;
}

Result<std::string> from_hex(std::string_view text) {
  std::string out(text.size() / 2, '\0');
  std::size_t length = 0;
  const char* end = nullptr;
  const int status =
      sodium_hex2bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(), text.size(), nullptr, &length, &end);
  if (status != 0 || text.size() % 2 != 0 || end != text.data() + text.size())
    return fail(ErrorCode::kInvalidInput, "not a hexadecimal string");
  return out;
}

bool equal_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::uint64_t hash64(std::string_view bytes) {
  std::uint64_t value = 14695981039346656037ull;
  for (const char byte : bytes) value = (value ^ static_cast<unsigned char>(byte)) * 1099511628211ull;
  return value;
}

}  // namespace steward
