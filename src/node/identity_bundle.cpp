#include "node/identity_bundle.h"

#include "node/wrapping.h"
#include "tls/bundle.h"

namespace adit::node {

namespace {

std::string file_name_of(const options::FileOrInline& source, std::string_view option) {
  return source.is_inline ? fmt::format("<{}> ({})", option, source.at.text())
                          : fmt::format("{} {} ({})", option, source.path, source.at.text());
}

bool trusts_others(const options::Identity& identity) {
  return identity.ca.defined() || !identity.ca_path.empty();
}

}  // namespace

Result<tls::NamedPem> load_pem(const options::FileOrInline& source, std::string_view option,
                               ports::StorePort& store) {
  if (!source.defined()) return tls::NamedPem{};
  auto text = load_text(source, option, store);
  if (!text) return fail_with(text.error());
  const std::string name = file_name_of(source, option);
  if (text->empty()) return fail("{} is empty", name);
  return tls::NamedPem{name, std::move(*text)};
}

Result<std::string> load_bundle(const options::FileOrInline& source, ports::StorePort& store) {
  auto text = load_text(source, "pkcs12", store);
  if (!text || !source.is_inline) return text;
  std::erase_if(*text, [](char c) { return c == '\n' || c == '\r' || c == ' ' || c == '\t'; });
  const auto bytes = from_base64(*text);
  if (!bytes) return fail("{} is not base64", file_name_of(source, "pkcs12"));
  return std::string(as_text(*bytes));
}

Status unpack_bundle(const options::Identity& identity, ports::StorePort& store,
                     const SecretText& passphrase, tls::Setup& setup) {
  if (!identity.pkcs12.defined()) return {};
  auto bytes = load_bundle(identity.pkcs12, store);
  if (!bytes) return fail_with(bytes.error());
  const std::string name = file_name_of(identity.pkcs12, "pkcs12");
  auto bundle = tls::open_bundle(name, *bytes, passphrase);
  if (!bundle) return fail_with(bundle.error());
  setup.cert = {name, std::move(bundle->cert)};
  setup.key = {name, std::move(bundle->key)};
  if (!trusts_others(identity)) {
    if (bundle->authorities.empty() && identity.peer_fingerprints.empty()) {
      return fail_with(
          {name + " holds no certificate of an authority", "name one with \"ca FILE\""});
    }
    setup.ca = {name, std::move(bundle->authorities)};
  } else if (!bundle->authorities.empty()) {
    auto extra = load_pem(identity.extra_certs, "extra-certs", store);
    if (!extra) return fail_with(extra.error());
    setup.extra_certs = {name, extra->text + "\n" + bundle->authorities};
  }
  return {};
}

}  // namespace adit::node
