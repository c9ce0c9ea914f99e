#include "pki/serial.h"

#include <array>

#include "base/assert.h"

namespace adit::pki {

namespace {

std::string hex_of(const BIGNUM* number) {
  char* text = BN_bn2hex(number);
  ADIT_ASSERT(text != nullptr);
  std::string hex(text);
  OPENSSL_free(text);
  return hex;
}

BigNumber number_of(std::string_view serial) {
  BIGNUM* number = nullptr;
  const std::string text(serial);
  const int digits = BN_hex2bn(&number, text.c_str());
  ADIT_ASSERT(digits == static_cast<int>(text.size()));
  return BigNumber(number);
}

}  // namespace

std::string draw_serial(Rng& rng, const Index& index) {
  while (true) {
    std::array<std::uint8_t, 16> bytes{};
    rng.fill(bytes);
    const BigNumber number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
    std::string serial = hex_of(number.get());
    // Zero is no valid serial number. (RFC 5280, 4.1.2.2)
    if (!BN_is_zero(number.get()) && index.find(serial) == nullptr) return serial;
  }
}

std::string successor(std::string_view serial) {
  const BigNumber number = number_of(serial);
  BN_add_word(number.get(), 1);
  return hex_of(number.get());
}

Asn1Integer asn1_of(std::string_view serial) {
  return Asn1Integer(BN_to_ASN1_INTEGER(number_of(serial).get(), nullptr));
}

std::string serial_text(const ASN1_INTEGER* number) {
  const BigNumber big(ASN1_INTEGER_to_BN(number, nullptr));
  return big ? hex_of(big.get()) : std::string();
}

}  // namespace adit::pki
