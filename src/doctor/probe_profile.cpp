#include "doctor/probe_profile.h"

#include "base/text.h"
#include "node/make_setup.h"
#include "options/parser.h"
#include "system/resolver.h"

namespace adit::doctor {

ProbeProfile::ProbeProfile(const Surroundings& around, std::unique_ptr<FolderStore> files)
    : around_(around), files_(std::move(files)) {}
ProbeProfile::~ProbeProfile() = default;

Result<std::unique_ptr<ProbeProfile>> ProbeProfile::load(const std::string& text,
                                                         const std::string& source,
                                                         const std::string& folder,
                                                         const Surroundings& around) {
  std::unique_ptr<ProbeProfile> profile(
      new ProbeProfile(around, std::make_unique<FolderStore>(around.store, folder)));
  auto config = options::load_text(text, source, profile->files_.get());
  if (!config) return fail_with(config.error());
  if (config->remotes.list.empty()) {
    return fail_with({source + " is no client's profile", "it needs \"client\" and \"remote\""});
  }
  profile->config_ = std::move(*config);
  return profile;
}

const std::vector<options::Connection>& ProbeProfile::connections() const {
  return config_.remotes.list;
}

Status ProbeProfile::prepare() {
  if (config_.secret.defined()) {
    return fail("this is a tunnel with a static key: it has no handshake");
  }
  if (config_.device.type == options::DevType::tap) return fail("tap devices are not tested");
  SecretText passphrase;
  if (node::needs_passphrase(config_, *files_)) {
    if (!around_.ask_passphrase) {
      return fail_with({"the private key is protected by a passphrase", "run this on a terminal"});
    }
    auto answer = around_.ask_passphrase();
    if (!answer) return fail_with(answer.error());
    passphrase = std::move(*answer);
  }
  auto identity = node::Identity::load(config_, false, *files_, passphrase);
  if (!identity) return fail_with(identity.error());
  identity_ = std::move(*identity);
  if (!config_.client.auth_user_pass) return {};
  if (!around_.ask_login) {
    return fail_with({"the profile wants a user name and a password", "run this on a terminal"});
  }
  auto login = around_.ask_login(config_.client);
  if (!login) return fail_with(login.error());
  credentials_ = std::move(*login);
  return {};
}

Result<node::ClientSetup> ProbeProfile::setup(const options::Connection& connection) {
  return node::make_client_setup(config_, connection, {*identity_, around_.rng, around_.title, {}},
                                 *files_);
}

std::string ProbeProfile::certificate() {
  const options::FileOrInline& cert = config_.identity.cert;
  if (cert.is_inline || cert.is_kept) return cert.text;
  if (cert.path.empty()) return {};
  return files_->read(cert.path).value_or("");
}

Result<std::vector<ip::Endpoint>> endpoints_of(const options::Connection& connection) {
  const auto port = to_number<std::uint16_t>(connection.remote_port);
  if (!port) return fail("\"{}\" is no port number", printable(connection.remote_port));
  const auto addresses = system::Resolver::ask_host(connection.remote, connection.proto.family);
  if (!addresses) return fail_with(addresses.error());
  std::vector<ip::Endpoint> endpoints;
  for (const ip::Address& address : *addresses) endpoints.push_back({address, *port, 0});
  return endpoints;
}

}  // namespace adit::doctor
