#include "system/plugin_certificate.h"

#include <openssl/pem.h>

namespace adit::system {

void FreeCertificate::operator()(x509_st* certificate) const { X509_free(certificate); }

Certificate certificate_of(const std::string& pem) {
  if (pem.empty()) return nullptr;
  BIO* text = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  Certificate certificate(PEM_read_bio_X509(text, nullptr, nullptr, nullptr));
  BIO_free(text);
  return certificate;
}

}  // namespace adit::system
