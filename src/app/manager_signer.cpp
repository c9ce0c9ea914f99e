#include "app/manager_signer.h"

#include "app/management_host.h"

namespace adit::app {

namespace {

using Scheme = tls::SigningRequest::Scheme;

constexpr const char* whole_message = ",data=message";

ManagerRequest rsa_pkcs1(const tls::SigningRequest& request,
                         const options::Management::ExternalKey& key) {
  if (!key.pkcs1) return {{}, {}, "pkcs1"};
  if (!key.digest) return {tls::digest_info_of(request), "RSA_PKCS1_PADDING", {}};
  return {to_buffer(request.message),
          "RSA_PKCS1_PADDING,hashalg=" + request.digest + whole_message,
          {}};
}

}  // namespace

ManagerRequest manager_request(const tls::SigningRequest& request,
                               const options::Management::ExternalKey& key) {
  const auto bytes = [&] {
    return key.digest ? to_buffer(request.message) : tls::digest_of(request);
  };
  switch (request.scheme) {
    case Scheme::rsa_pkcs1:
      return rsa_pkcs1(request, key);
    case Scheme::rsa_pss:
      if (!key.pss) return {{}, {}, "pss"};
      return {bytes(),
              "RSA_PKCS1_PSS_PADDING,hashalg=" + request.digest +
                  ",saltlen=" + request.salt_length + (key.digest ? whole_message : ""),
              {}};
    case Scheme::ecdsa:
      return {
          bytes(), key.digest ? "ECDSA,hashalg=" + request.digest + whole_message : "ECDSA", {}};
    case Scheme::ed25519:
      return {to_buffer(request.message), std::string("ED25519") + whole_message, {}};
    case Scheme::ed448:
      return {to_buffer(request.message), std::string("ED448") + whole_message, {}};
  }
  return {};
}

std::optional<Buffer> ManagerSigner::sign(const tls::SigningRequest& request) {
  const ManagerRequest wanted = manager_request(request, *config_.management.external_key);
  if (!wanted.missing.empty()) {
    runtime_.log.error("RSA padding mode not supported by management-client <{}>", wanted.missing);
    return std::nullopt;
  }
  runtime_.log.debug(4, "xkey management_sign: requesting sig with algorithm <{}>",
                     wanted.algorithm);
  const auto text = ask_manager_for_text(
      runtime_,
      {management::TextQuestion::Kind::signature, to_base64(wanted.data), wanted.algorithm},
      config_.channel.hand_window);
  if (!text) return std::nullopt;
  auto signature = from_base64(*text);
  if (!signature || signature->empty()) {
    runtime_.log.error("MANAGEMENT: what came as a signature is no base64");
    return std::nullopt;
  }
  return signature;
}

}  // namespace adit::app
