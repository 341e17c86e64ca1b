#include "steward/filters/pii/recogniser.h"

namespace steward::filters::pii {

std::span<const Recogniser* const> recognisers() {
  static constexpr const Recogniser* kAll[] = {&kEmail, &kIban, &kCard, &kNationalId, &kPassport, &kIp, &kMac, &kCrypto, &kPhone};
  return kAll;
}

}  // namespace steward::filters::pii
