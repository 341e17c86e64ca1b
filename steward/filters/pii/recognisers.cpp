#include "steward/filters/pii/recogniser.h"

namespace steward::filters::pii {

std::span<const Recogniser* const> recognisers() {
  static constexpr const Recogniser* kAll[] = {&kEmail, &kIban, &kCard,   &kNationalId, &kPassport, &kDateOfBirth,
                                               &kIp,    &kMac,  &kCrypto, &kPhone,      &kAddress,  &kName};
  return kAll;
}

}  // namespace steward::filters::pii
