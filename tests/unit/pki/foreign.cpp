#include "tests/unit/pki/foreign.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "pki/handles.h"
#include "tests/unit/pki/verification.h"

namespace adit::pki {

std::string signed_again(const std::string& certificate, const std::string& signer_key,
                         const Extensions& extensions) {
  const Certificate made = read_certificate(certificate);
  const Bio key_bio = bio_of(signer_key);
  const PrivateKey key(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, nullptr, nullptr));
  for (const auto& [nid, value] : extensions) {
    const int at = X509_get_ext_by_NID(made.get(), nid, -1);
    if (at >= 0) X509_EXTENSION_free(X509_delete_ext(made.get(), at));
    if (value == nullptr) continue;
    const Extension extension(X509V3_EXT_conf_nid(nullptr, nullptr, nid, value));
    X509_add_ext(made.get(), extension.get(), -1);
  }
  X509_sign(made.get(), key.get(), EVP_sha256());
  const Bio out(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(out.get(), made.get());
  return std::string(text_in(out.get()));
}

}  // namespace adit::pki
