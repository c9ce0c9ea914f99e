// Programs that look at keys and certificates while the handshake goes on, and at answers to
// challenges.

#include <algorithm>

#include "node/certificate_script.h"
#include "node/lines.h"
#include "node/server.h"

namespace adit::node {

using session::Session;

namespace {
constexpr unsigned most_responses = 8;  // of a client; each waits for the one before
}

// tls-crypt-v2-verify: what is written in the client's wrapped key. metadata: type byte and value;
// nothing when the session has no such key.
void Server::check_key(ServerPeer& peer, const Session& session,
                       const std::optional<Buffer>& metadata) {
  const options::Scripts& scripts = setup_.config.scripts;
  if (!metadata) return;
  if (!key_is_fresh(peer, *metadata)) {
    if (peer.admitted()) return refuse_key(peer);
    peer.log.error("{}", lines::cannot_extract_v2_key(peer.address.remote));
    return remove(peer.index, "SIGUSR1", "tls-error");  // before it is answered
  }
  if (!scripts.tls_crypt_v2_verify.defined()) return;
  const wire::SessionId id = session.own_id();
  peer.key_checks.push_back({id});
  if (metadata->empty()) {
    peer.log.error("ERROR: no metadata type");
    return key_checked(peer.client_id, id, false);
  }
  const Bytes value = Bytes(*metadata).subspan(1);
  auto made = TemporaryFile::create(around_.store, scripts.tmp_dir, "tls_crypt_v2_metadata_",
                                    {reinterpret_cast<const char*>(value.data()), value.size()});
  if (!made) {
    peer.log.error("tls-crypt-v2-verify: {}", made.error().text());
    return key_checked(peer.client_id, id, false);
  }
  const auto file = std::make_shared<TemporaryFile>(std::move(*made));
  Environment env;
  set_peer_address(env, "untrusted", peer.address.remote);
  env.set("metadata_type", std::to_string((*metadata)[0]));
  env.set("metadata_file", file->path());
  hooks_.run_in_order(
      "tls-crypt-v2-verify", scripts.tls_crypt_v2_verify, env, {},
      {.log = peer.log,
       .wanted = [this, client = peer.client_id, id] { return find_check(client, id) != nullptr; }},
      [this, client = peer.client_id, id, file](int status) {
        key_checked(client, id, status == 0);
      });
}

// "tls-crypt-v2-max-age"
bool Server::key_is_fresh(const ServerPeer& peer, Bytes metadata) const {
  const auto& days = setup_.config.server.crypt_v2_max_age_days;
  if (!days) return true;
  const auto made = crypto::time_of_metadata(metadata);
  const std::int64_t most = std::int64_t{*days} * 24 * 60 * 60;
  if (made && made->seconds <= wall_.seconds && wall_.seconds - made->seconds <= most) return true;
  if (!made) {
    peer.log.error("tls-crypt-v2-max-age: the client's key does not say when it was made");
  } else {
    peer.log.error("tls-crypt-v2-max-age: the client's key was made at {}; {} days are allowed",
                   local_time_text(*made), *days);
  }
  return false;
}

void Server::refuse_key(ServerPeer& peer) {
  peer.log.error("{}", lines::cannot_extract_v2_key(peer.address.remote));
  if (peer.admitted()) {
    peer.association.drop_newcomer();  // who is admitted has passed
  } else {
    leave_soon(peer, "SIGUSR1", "tls-error");
    peer.leave_at = now_;  // a stranger hears nothing
  }
}

// Nobody needs the answer any more: nothing.
ServerPeer::KeyCheck* Server::find_check(std::uint64_t client, const wire::SessionId& session) {
  ServerPeer* peer = find_client(client);
  if (peer == nullptr || find_session(*peer, session) == nullptr) return nullptr;
  const auto found = std::ranges::find(peer->key_checks, session, &ServerPeer::KeyCheck::session);
  return found == peer->key_checks.end() ? nullptr : &*found;
}

void Server::key_checked(std::uint64_t client, const wire::SessionId& id, bool yes) {
  ServerPeer* peer = find_client(client);
  if (peer == nullptr) return;
  const ServerPeer::KeyCheck* check = find_check(client, id);
  const bool needed = check != nullptr;
  const auto then = needed ? check->then : nullptr;
  std::erase_if(peer->key_checks, [&](const auto& one) { return one.session == id; });
  if (!needed) return;
  if (yes) {
    peer->log.info(2, "{}", lines::client_key_accepted);
    if (then) then();
  } else {
    peer->log.error("{}", lines::client_key_refused);
    refuse_key(*peer);
  }
  serve(*peer);
}

// tls-verify: every certificate of the chain, the authority's first. at: how many have passed.
void Server::check_chain(const Exchange& which, std::size_t at, const Login& login) {
  const auto open = find_undecided(which);
  if (!open) return;
  const auto& [peer, session, admission] = *open;
  if (session.tls() == nullptr) return;
  if (!admission.waits_for(Judge::tls_verify)) return check_login(which, login);
  tls::PeerIdentity seen = session.tls()->peer();
  if (at == seen.chain.size()) {
    hear(peer, which, Judge::tls_verify, true);
    return check_login(which, login);
  }
  if (!hooks_.plugins().wants(ports::PluginEvent::tls_verify)) {
    return check_certificate(which, at, login);
  }
  seen.chain.resize(at + 1);
  const tls::ChainEntry entry = seen.chain.back();
  hooks_.plugins().tell(certificate_news(seen, peer.address.remote, plugin_context(peer)), peer.log,
                        [this, which, at, login, entry](const PluginAnswer& answer) {
                          certificate_checked(which, entry, "PLUGIN", answer.accepted(),
                                              [&] { check_certificate(which, at, login); });
                        });
}

// By the script, if there is one.
void Server::check_certificate(const Exchange& which, std::size_t at, const Login& login) {
  const auto open = find_undecided(which);
  if (!open || open->session.tls() == nullptr) return;
  const ServerPeer& peer = open->peer;
  const options::Scripts& scripts = setup_.config.scripts;
  if (!scripts.tls_verify.defined()) return check_chain(which, at + 1, login);
  tls::PeerIdentity seen = open->session.tls()->peer();
  seen.chain.resize(at + 1);
  const tls::ChainEntry entry = seen.chain.back();
  const auto certificate = export_certificate(scripts, entry, around_.store, peer.log);
  Environment env = verify_environment(seen, peer.address.remote, certificate);
  hooks_.run_in_order(tls_verify_type, scripts.tls_verify, env,
                      {std::to_string(entry.depth), entry.subject},
                      {.log = peer.log, .wanted = while_asked(which, Judge::tls_verify)},
                      [this, which, at, login, entry, certificate](int status) {
                        certificate_checked(which, entry, "SCRIPT", status == 0,
                                            [&] { check_chain(which, at + 1, login); });
                      });
}

void Server::certificate_checked(const Exchange& which, const tls::ChainEntry& entry,
                                 std::string_view by, bool yes, const std::function<void()>& then) {
  const auto open = find_undecided(which);
  if (!open) return;
  tell_verified(open->peer.log, by, entry, yes);
  if (!yes) return heard(which, Judge::tls_verify, false);
  then();
  if (ServerPeer* still = find_client(which.client)) serve(*still);
}

// client-crresponse: what a client answers to a challenge.
void Server::run_crresponse(ServerPeer& peer, std::string_view response) {
  const options::Scripts& scripts = setup_.config.scripts;
  Environment env = client_environment(peer);
  env.set("crresponse", std::string(response));
  hooks_.plugins().tell(
      {ports::PluginEvent::client_crresponse, std::move(env), {}, plugin_context(peer)}, peer.log,
      [](const PluginAnswer&) {});
  if (!scripts.client_crresponse.defined()) return;
  if (peer.responses == most_responses) {
    return peer.log.info(3, "client-crresponse still looks at {} responses: one more is ignored",
                         peer.responses);
  }
  auto made =
      TemporaryFile::create(around_.store, scripts.tmp_dir, "cr", std::string(response) + "\n");
  if (!made) return peer.log.error("client-crresponse: {}", made.error().text());
  const auto file = std::make_shared<TemporaryFile>(std::move(*made));
  ++peer.responses;
  hooks_.run_in_order("client-crresponse", scripts.client_crresponse, client_environment(peer),
                      {file->path()}, {.subjects = subjects_of(peer), .log = peer.log},
                      [this, client = peer.client_id, file](int) {
                        ServerPeer* still = find_client(client);
                        if (still != nullptr) --still->responses;
                      });
}

}  // namespace adit::node
