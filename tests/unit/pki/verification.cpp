#include "tests/unit/pki/verification.h"

#include <algorithm>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace adit::pki {

namespace {

using Store = std::unique_ptr<X509_STORE, Freer<X509_STORE_free>>;
using StoreContext = std::unique_ptr<X509_STORE_CTX, Freer<X509_STORE_CTX_free>>;

Store store_of(const std::string& ca, const std::string& crl, unsigned long flags) {
  Store store(X509_STORE_new());
  const Bio authorities = bio_of(ca);
  while (Certificate next{PEM_read_bio_X509(authorities.get(), nullptr, nullptr, nullptr)}) {
    X509_STORE_add_cert(store.get(), next.get());
  }
  X509_STORE_set_flags(store.get(), flags);
  if (!crl.empty()) {
    const Bio bio = bio_of(crl);
    while (RevocationList list{PEM_read_bio_X509_CRL(bio.get(), nullptr, nullptr, nullptr)}) {
      X509_STORE_add_crl(store.get(), list.get());
    }
    X509_STORE_set_flags(store.get(), X509_V_FLAG_CRL_CHECK);
  }
  return store;
}

X509_EXTENSION* extension_of(X509* certificate, int nid) {
  const int at = X509_get_ext_by_NID(certificate, nid, -1);
  return at < 0 ? nullptr : X509_get_ext(certificate, at);
}

}  // namespace

Certificate read_certificate(const std::string& pem) {
  const Bio bio = bio_of(pem);
  return Certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

std::string verify(const std::string& certificate, const std::string& ca, const std::string& crl,
                   int purpose, WallTime at, unsigned long flags) {
  const Store store = store_of(ca, crl, flags);
  const Certificate leaf = read_certificate(certificate);
  const StoreContext context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), leaf.get(), nullptr);
  X509_STORE_CTX_set_purpose(context.get(), purpose);
  X509_STORE_CTX_set_time(context.get(), 0, at.seconds);
  X509_verify_cert(context.get());
  return X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()));
}

std::string extension_text(X509* certificate, int nid) {
  X509_EXTENSION* extension = extension_of(certificate, nid);
  if (extension == nullptr) return {};
  const Bio bio(BIO_new(BIO_s_mem()));
  X509V3_EXT_print(bio.get(), extension, 0, 0);
  std::string text(text_in(bio.get()));
  std::ranges::replace(text, '\n', ' ');
  return text;
}

bool is_critical(X509* certificate, int nid) {
  X509_EXTENSION* extension = extension_of(certificate, nid);
  return extension != nullptr && X509_EXTENSION_get_critical(extension) == 1;
}

}  // namespace adit::pki
