#include "tokens/token_keys.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <pkcs11-helper-1.0/pkcs11h-certificate.h>
#include <pkcs11-helper-1.0/pkcs11h-core.h>
#include <pkcs11-helper-1.0/pkcs11h-token.h>

#include "base/freer.h"
#include "base/text.h"
#include "tokens/mechanism.h"

namespace adit::tokens {

namespace {

using CertificateId =
    std::unique_ptr<pkcs11h_certificate_id_s, Freer<pkcs11h_certificate_freeCertificateId>>;
using CertificateList = std::unique_ptr<pkcs11h_certificate_id_list_s,
                                        Freer<pkcs11h_certificate_freeCertificateIdList>>;
using Certificate =
    std::unique_ptr<pkcs11h_certificate_s, Freer<pkcs11h_certificate_freeCertificate>>;

std::string reason(CK_RV result) {
  return fmt::format("{}-'{}'", result, pkcs11h_getMessage(result));
}

// "\x20" and nothing else: the library reads on behind half of one.
bool is_well_escaped(std::string_view part) {
  for (auto at = part.find('\\'); at != part.npos; at = part.find('\\', at + 1)) {
    if (part.substr(at + 1, 1) != "x" || part.size() < at + 4) return false;
    if (!from_hex(part.substr(at + 2, 2))) return false;
  }
  return true;
}

// The library would stop the process over an empty or a halved number of an object.
bool is_plausible(const std::string& id) {
  if (id.starts_with("pkcs11:")) return true;
  const auto parts = split(id, '/');
  if (!std::ranges::all_of(parts, is_well_escaped)) return false;
  const auto object = parts.size() < 2 ? std::nullopt : from_hex(parts.back());
  return object && !object->empty();
}

class OpenKey final : public TokenKey {
 public:
  OpenKey(Certificate certificate, std::string pem, const Log& log)
      : certificate_(std::move(certificate)), pem_(std::move(pem)), log_(log) {}

  const std::string& certificate() const override { return pem_; }

  std::optional<Buffer> sign(const tls::SigningRequest& request) override {
    auto wanted = mechanism_of(request);
    if (!wanted || wanted->data.empty()) {
      log_.error("PKCS#11: the token cannot be asked for a signature with {}", request.digest);
      return std::nullopt;
    }
    CK_RSA_PKCS_PSS_PARAMS pss{};
    CK_MECHANISM mechanism{wanted->number, nullptr, 0};
    if (wanted->pss) {
      pss = {wanted->pss->digest, wanted->pss->mask, wanted->pss->salt};
      mechanism.pParameter = &pss;
      mechanism.ulParameterLen = sizeof pss;
    }
    Buffer signature(1024);  // of the largest RSA key
    std::size_t size = signature.size();
    const CK_RV done =
        pkcs11h_certificate_signAny_ex(certificate_.get(), &mechanism, wanted->data.data(),
                                       wanted->data.size(), signature.data(), &size);
    if (done != CKR_OK) {
      log_.error("PKCS#11: Cannot perform signature {}", reason(done));
      return std::nullopt;
    }
    signature.resize(size);
    return for_tls(request, std::move(signature));
  }

 private:
  Certificate certificate_;
  std::string pem_;
  const Log& log_;
};

Result<Buffer> blob_of(pkcs11h_certificate_t certificate) {
  std::size_t size = 0;
  CK_RV done = pkcs11h_certificate_getCertificateBlob(certificate, nullptr, &size);
  Buffer blob(size);
  if (done == CKR_OK) {
    done = pkcs11h_certificate_getCertificateBlob(certificate, blob.data(), &size);
  }
  if (done != CKR_OK) return fail("{}", reason(done));
  blob.resize(size);
  return blob;
}

std::string text_of(pkcs11h_certificate_id_t id) {
  std::size_t size = 0;
  if (pkcs11h_certificate_serializeCertificateId(nullptr, &size, id) != CKR_OK) return {};
  std::string text(size, '\0');
  if (pkcs11h_certificate_serializeCertificateId(text.data(), &size, id) != CKR_OK) return {};
  text.resize(std::strlen(text.c_str()));
  return text;
}

}  // namespace

// What the library calls, with the TokenKeys as its data.
struct TokenKeys::Hooks {
  static PKCS11H_BOOL insert(void* global, void*, const pkcs11h_token_id_t token, unsigned) {
    return static_cast<TokenKeys*>(global)->prompts_.insert(printable(token->label)) ? TRUE : FALSE;
  }

  static PKCS11H_BOOL pin(void* global, void*, const pkcs11h_token_id_t token, unsigned, char* room,
                          std::size_t size) {
    const auto given = static_cast<TokenKeys*>(global)->prompts_.pin(printable(token->label));
    if (!given || given->empty() || given->reveal().size() >= size) return FALSE;
    std::memcpy(room, given->reveal().c_str(), given->reveal().size() + 1);
    return TRUE;
  }
};

Result<std::unique_ptr<TokenKeys>> TokenKeys::open(const std::vector<Module>& modules,
                                                   std::optional<int> pin_cache, Prompts& prompts,
                                                   const Log& log) {
  std::unique_ptr<TokenKeys> made(new TokenKeys(prompts, log));
  made->pin_cache_ = pin_cache;
  CK_RV done = pkcs11h_initialize();
  if (done == CKR_OK) done = pkcs11h_setForkMode(TRUE);
  if (done == CKR_OK) done = pkcs11h_setProtectedAuthentication(TRUE);
  if (done == CKR_OK) done = pkcs11h_setTokenPromptHook(Hooks::insert, made.get());
  if (done == CKR_OK) done = pkcs11h_setPINPromptHook(Hooks::pin, made.get());
  if (done == CKR_OK && pin_cache) done = pkcs11h_setPINCachePeriod(*pin_cache);
  if (done != CKR_OK) return fail("PKCS#11: Cannot initialize {}", reason(done));
  for (const Module& module : modules) {
    log.info(1, "PKCS#11: Adding PKCS#11 provider '{}'", module.path);
    const CK_RV added = pkcs11h_addProvider(module.path.c_str(), module.path.c_str(),
                                            module.protected_authentication ? TRUE : FALSE,
                                            module.private_mode, PKCS11H_SLOTEVENT_METHOD_AUTO, 0,
                                            module.certificate_is_private ? TRUE : FALSE);
    if (added == CKR_OK) {
      ++made->loaded_;
    } else {
      log.warn("PKCS#11: Cannot initialize provider '{}' {}", module.path, reason(added));
    }
  }
  return made;
}

TokenKeys::~TokenKeys() {
  pkcs11h_logout();
  pkcs11h_terminate();
}

Result<std::vector<TokenCertificate>> TokenKeys::certificates(bool with_pin) {
  pkcs11h_certificate_id_list_t own = nullptr, issuers = nullptr;
  const unsigned ask = with_pin ? PKCS11H_PROMPT_MASK_ALLOW_ALL : 0;
  const CK_RV done = pkcs11h_certificate_enumCertificateIds(PKCS11H_ENUM_METHOD_CACHE_EXIST,
                                                            nullptr, ask, &issuers, &own);
  if (done != CKR_OK) return fail("PKCS#11: Cannot enumerate certificates {}", reason(done));
  const CertificateList list(own), unused(issuers);
  std::vector<TokenCertificate> found;
  for (const auto* at = list.get(); at != nullptr; at = at->next) {
    TokenCertificate one{text_of(at->certificate_id), {}};
    pkcs11h_certificate_t opened = nullptr;
    if (pkcs11h_certificate_create(at->certificate_id, nullptr, ask, PKCS11H_PIN_CACHE_INFINITE,
                                   &opened) == CKR_OK) {
      const Certificate certificate(opened);
      one.der = blob_of(opened).value_or(Buffer());
    }
    found.push_back(std::move(one));
  }
  return found;
}

Result<std::unique_ptr<TokenKey>> TokenKeys::key(const std::string& id) {
  pkcs11h_certificate_id_t parsed = nullptr;
  CK_RV done = is_plausible(id) ? pkcs11h_certificate_deserializeCertificateId(&parsed, id.c_str())
                                : CKR_ATTRIBUTE_VALUE_INVALID;
  if (done != CKR_OK) return fail("PKCS#11: Cannot deserialize id {}", reason(done));
  const CertificateId owner(parsed);
  pkcs11h_certificate_t opened = nullptr;
  done = pkcs11h_certificate_create(parsed, nullptr, PKCS11H_PROMPT_MASK_ALLOW_ALL,
                                    pin_cache_.value_or(PKCS11H_PIN_CACHE_INFINITE), &opened);
  if (done != CKR_OK) return fail("PKCS#11: Cannot get certificate {}", reason(done));
  Certificate certificate(opened);
  const auto blob = blob_of(opened);
  std::string pem = blob ? tls::pem_of(*blob) : std::string();
  if (pem.empty()) return fail("PKCS#11: Unable get x509 certificate object");
  return std::make_unique<OpenKey>(std::move(certificate), std::move(pem), log_);
}

}  // namespace adit::tokens
