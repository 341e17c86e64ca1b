#include "steward/ledger/row.h"

#include <sodium.h>

namespace steward::ledger {
namespace {

void add_length(std::string& out, std::uint64_t value) {
  for (int shift = 0; shift < 64; shift += 8) out += static_cast<char>(value >> shift);
}

void add_field(std::string& out, std::string_view field) {
  add_length(out, field.size());
  out += field;
}

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

std::string chain_hash(std::string_view previous, const Row& row) {
  std::string bytes;
  add_field(bytes, previous);
  add_length(bytes, static_cast<std::uint64_t>(row.sequence));
  add_field(bytes, row.id);
  add_length(bytes, static_cast<std::uint64_t>(row.time_us));
  add_field(bytes, row.kind);
  add_length(bytes, static_cast<std::uint64_t>(row.schema));
  for (const std::string* field : {&row.turn, &row.subject, &row.conversation, &row.meta, &row.key_id, &row.sealed})
    add_field(bytes, *field);
  return hex(sha256(bytes));
}

std::string seal(const Key& key, std::string_view bound, std::string_view text) {
  constexpr std::size_t kNonce = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
  constexpr std::size_t kTag = crypto_aead_xchacha20poly1305_ietf_ABYTES;
  std::string out(kNonce + text.size() + kTag, '\0');
  auto* bytes = reinterpret_cast<unsigned char*>(out.data());
  random_bytes({bytes, kNonce});
  crypto_aead_xchacha20poly1305_ietf_encrypt(bytes + kNonce, nullptr, bytes_of(text), text.size(), bytes_of(bound), bound.size(), nullptr,
                                             bytes, key.data());
  return out;
}

Result<std::string> unseal(const Key& key, std::string_view bound, std::string_view sealed) {
  constexpr std::size_t kNonce = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
  constexpr std::size_t kTag = crypto_aead_xchacha20poly1305_ietf_ABYTES;
  if (sealed.size() < kNonce + kTag) return fail(ErrorCode::kInternal, "a sealed text is too short");
  std::string out(sealed.size() - kNonce - kTag, '\0');
  const int status =
      crypto_aead_xchacha20poly1305_ietf_decrypt(reinterpret_cast<unsigned char*>(out.data()), nullptr, nullptr, bytes_of(sealed) + kNonce,
                                                 sealed.size() - kNonce, bytes_of(bound), bound.size(), bytes_of(sealed), key.data());
  if (status != 0) return fail(ErrorCode::kInternal, "a sealed text does not open with its key");
  return out;
}

std::string seal_binding(const Row& row) { return row.id + '\n' + row.kind + '\n' + row.turn; }

}  // namespace steward::ledger
