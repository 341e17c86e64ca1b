#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace steward::guard {

/// Placeholders for personal data in one conversation of one principal: "[EMAIL_1]" ↔ the value. The same value always has the
/// same placeholder. Thread-safe. Never shared between principals or conversations.
class Vault {
 public:
  /// `kind` is upper case letters, such as EMAIL; `canonical` decides sameness (a card without spaces), `value` is what is put back.
  std::string placeholder(std::string_view kind, std::string_view canonical, std::string_view value);
  std::optional<std::string> restore(std::string_view placeholder) const;
  /// Whether a value of this kind and canonical form has a placeholder; makes none.
  bool knows(std::string_view kind, std::string_view canonical) const;
  std::size_t size() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string> by_value_;  ///< kind, NUL, canonical → placeholder
  std::map<std::string, std::string, std::less<>> by_placeholder_;
  std::map<std::string, int, std::less<>> counts_;
};

}  // namespace steward::guard
