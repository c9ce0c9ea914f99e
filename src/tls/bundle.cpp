#include "tls/bundle.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include "tls/certificate.h"

namespace adit::tls {

namespace {

using Pkcs12 = std::unique_ptr<PKCS12, Freer<PKCS12_free>>;

struct StackFreer {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_pop_free(stack, X509_free); }
};
using Certificates = std::unique_ptr<STACK_OF(X509), StackFreer>;

Pkcs12 parse(std::string_view der) {
  const Bio bio = bio_of(der);
  Pkcs12 parsed(d2i_PKCS12_bio(bio.get(), nullptr));
  ERR_clear_error();
  return parsed;
}

std::string pem_of_key(EVP_PKEY* key) {
  const Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  std::string text(data, size > 0 ? static_cast<std::size_t>(size) : 0);
  if (size > 0) OPENSSL_cleanse(data, static_cast<std::size_t>(size));
  return text;
}

// The first error is about the whole; a cipher that is not there comes before it.
bool lacks_a_cipher(const std::vector<std::string>& errors) {
  for (const std::string& error : errors) {
    if (error.find("unsupported") != std::string::npos) return true;
  }
  return false;
}

tl::unexpected<Error> cannot_open(const std::string& name) {
  const auto errors = take_openssl_errors();
  if (lacks_a_cipher(errors)) {
    return fail_with({name +
                          " is encrypted with a cipher of old (RC2, single DES) that OpenSSL has "
                          "only in its legacy provider",
                      "add \"providers legacy default\", or make the file anew with today's "
                      "\"openssl pkcs12 -export\""});
  }
  return fail_with({"cannot open " + name + (errors.empty() ? "" : " (" + errors.front() + ")"),
                    "is the passphrase right?"});
}

}  // namespace

Result<Bundle> open_bundle(const std::string& name, std::string_view der,
                           const SecretText& passphrase) {
  const Pkcs12 file = parse(der);
  if (!file)
    return fail_with({name + " is no PKCS#12 file", "\"openssl pkcs12 -export\" makes one"});
  EVP_PKEY* raw_key = nullptr;
  X509* raw_cert = nullptr;
  STACK_OF(X509)* raw_others = nullptr;
  const int done =
      PKCS12_parse(file.get(), passphrase.reveal().c_str(), &raw_key, &raw_cert, &raw_others);
  const PrivateKey key(raw_key);
  const Certificate cert(raw_cert);
  const Certificates others(raw_others);
  if (done != 1) return cannot_open(name);
  if (!key || !cert) return fail("{} holds no {}", name, key ? "certificate" : "private key");
  Bundle bundle{pem_of(cert.get()), pem_of_key(key.get()), {}};
  for (int at = 0; at < sk_X509_num(others.get()); ++at) {
    bundle.authorities += pem_of(sk_X509_value(others.get(), at));
  }
  return bundle;
}

bool bundle_is_encrypted(std::string_view der) {
  const Pkcs12 file = parse(der);
  if (!file || PKCS12_mac_present(file.get()) == 0) return false;
  const bool open =
      PKCS12_verify_mac(file.get(), nullptr, 0) == 1 || PKCS12_verify_mac(file.get(), "", 0) == 1;
  ERR_clear_error();
  return !open;
}

}  // namespace adit::tls
