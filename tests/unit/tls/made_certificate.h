#pragma once

#include <string>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tests/unit/tls/made_at.h"
#include "tls/handles.h"

namespace adit::tls {

struct Made {
  Certificate certificate;
  PrivateKey key;

  template <typename Write>
  static std::string text(const Write& write) {
    const Bio bio(BIO_new(BIO_s_mem()));
    write(bio.get());
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
  }
  std::string cert_text() const {
    return text([this](BIO* bio) { PEM_write_bio_X509(bio, certificate.get()); });
  }
  std::string key_text() const {
    return text([this](BIO* bio) {
      PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
  }
};

// issuer  nothing: signed with its own key
inline Made made_certificate(const char* name, bool authority, const Made* issuer = nullptr) {
  Made made{Certificate(X509_new()), PrivateKey(EVP_EC_gen("P-256"))};
  X509* const one = made.certificate.get();
  X509_set_version(one, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(one), issuer == nullptr ? 1 : 2);
  ASN1_TIME_set(X509_getm_notBefore(one), made_at.seconds);
  ASN1_TIME_set(X509_getm_notAfter(one), made_at.seconds + 86400);
  X509_set_pubkey(one, made.key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(one), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509_set_issuer_name(one, X509_get_subject_name(issuer ? issuer->certificate.get() : one));
  BASIC_CONSTRAINTS constraints{authority ? 255 : 0, nullptr};
  X509_add1_ext_i2d(one, NID_basic_constraints, &constraints, 1, X509V3_ADD_DEFAULT);
  X509_sign(one, issuer ? issuer->key.get() : made.key.get(), EVP_sha256());
  return made;
}

}  // namespace adit::tls
