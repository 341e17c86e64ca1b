#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "steward/core/hash.h"
#include "steward/ledger/ledger.h"

namespace steward::ledger {

/// An event in the form that is stored and hashed (docs/formats/ledger.md).
struct Row {
  std::int64_t sequence = 0;
  std::string id;
  std::int64_t time_us = 0;
  std::string kind;
  std::int64_t schema = 1;
  std::string turn;
  std::string subject;
  std::string conversation;
  std::string meta;    ///< canonical JSON
  std::string key_id;  ///< of the key that sealed the text; empty when the event has none
  std::string sealed;  ///< nonce and ciphertext
  std::string hash;    ///< hex, chain_hash(previous row's hash, this row)
};

/// SHA-256 over the previous hash and every stored field of `row` but its hash, each with its length in front,
/// so that no two different rows give the same bytes. `previous` is empty for the first row.
std::string chain_hash(std::string_view previous, const Row& row);

/// XChaCha20-Poly1305 (libsodium, IETF variant, random 24-byte nonce in front of the ciphertext). `bound` is authenticated with it,
/// so that a ciphertext moved to another event does not open.
std::string seal(const Key& key, std::string_view bound, std::string_view text);
/// Errors: kInternal if key, bound or bytes are not those of seal().
Result<std::string> unseal(const Key& key, std::string_view bound, std::string_view sealed);
/// What ties a sealed text to its event.
std::string seal_binding(const Row& row);

}  // namespace steward::ledger
