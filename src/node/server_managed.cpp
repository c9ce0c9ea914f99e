// A server that is managed: who may enter is decided outside, and clients are sent away from there.

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "node/lines.h"
#include "node/server.h"

namespace adit::node {

namespace {
constexpr std::size_t most_news = 65536;  // that nobody takes
constexpr std::size_t longest_pending_text = 1024;
}  // namespace

std::vector<ServerNews> Server::take_news() { return std::exchange(news_, {}); }

void Server::note(ServerNews news) {
  if (setup_.config.management.defined() && news_.size() < most_news) {
    news_.push_back(std::move(news));
  }
}

void Server::note_about(ServerPeer& peer, ServerNews::Kind kind) {
  if (!setup_.config.management.defined()) return;
  Environment env = setup_.environment;
  env.merge(client_environment(peer));
  if (kind == ServerNews::Kind::disconnect && peer.let_in) env.merge(traffic_environment(peer));
  note({kind, peer.client_id, 0, {}, std::move(env)});
}

LinkBytes Server::link_bytes(const ServerPeer& peer) const {
  const plane::PeerTraffic traffic = around_.plane.traffic(peer.index);
  return {traffic.received_link_bytes + peer.control_bytes_received,
          traffic.sent_link_bytes + peer.control_bytes_sent};
}

LinkBytes Server::link_bytes() const {
  LinkBytes all = bytes_of_gone_;
  for (const auto& [index, peer] : peers_) all += link_bytes(*peer);
  return all;
}

Environment Server::traffic_environment(const ServerPeer& peer) const {
  Environment env;
  const LinkBytes bytes = link_bytes(peer);
  env.set("bytes_received", std::to_string(bytes.received));
  env.set("bytes_sent", std::to_string(bytes.sent));
  env.set("time_duration", std::to_string(wall_.seconds - peer.connected.seconds));
  return env;
}

void Server::ask_manager(ServerPeer& peer, const session::Session& session, const Exchange& which,
                         const session::AuthWanted& wanted) {
  // openvpn sets a key of each new session aside, and programs may count on its numbers.
  const std::uint64_t key = peer.managed.next_key;
  peer.managed.next_key += wanted.first ? 2 : 1;
  peer.managed.asked = ServerPeer::Managed::Asked{which.session, which.key_id, key};
  Environment env = setup_.environment;
  env.merge(login_environment(peer, session, wanted));
  if (!wanted.password.empty()) env.set("password", wanted.password.reveal());
  env.set("n_clients", std::to_string(clients_let_in()));
  const bool again = peer.managed.told && !wanted.first;
  peer.managed.told = true;
  note({again ? ServerNews::Kind::reauth : ServerNews::Kind::connect,
        peer.client_id,
        peer.managed.asked->key,
        {},
        std::move(env)});
}

std::size_t Server::clients_let_in() const {
  std::size_t count = 0;
  for (const auto& [index, peer] : peers_) count += peer->let_in ? 1 : 0;
  return count;
}

// The client whose key that is, and that the manager has not decided about yet.
ServerPeer* Server::find_asking(std::uint64_t client, std::uint64_t key) {
  ServerPeer* peer = find_client(client);
  if (peer == nullptr || !peer->managed.asked || peer->managed.asked->key != key) return nullptr;
  const auto& asked = *peer->managed.asked;
  const Admission* admission = peer->admissions.find(asked.session, asked.key_id);
  const bool waits = admission != nullptr && admission->waits_for(Judge::manager);
  return waits && find_session(*peer, asked.session) != nullptr ? peer : nullptr;
}

bool Server::admit_client(std::uint64_t client, std::uint64_t key, const std::string& lines,
                          Instant now) {
  now_ = now;
  ServerPeer* peer = find_asking(client, key);
  if (peer == nullptr) return false;
  if (!lines.empty()) peer->managed.lines = lines;
  const auto& asked = *peer->managed.asked;
  heard({client, asked.session, asked.key_id}, Judge::manager, true);
  return true;
}

bool Server::deny_client(std::uint64_t client, std::uint64_t key, std::string_view why,
                         std::string_view told, Instant now) {
  now_ = now;
  ServerPeer* peer = find_asking(client, key);
  if (peer == nullptr) return false;
  peer->log.info(1, "MULTI: connection rejected: {}, CLI:{}", printable(why),
                 told.empty() ? "[NULL]" : printable(told));
  const auto& asked = *peer->managed.asked;
  heard({client, asked.session, asked.key_id}, Judge::manager, false, std::string(told));
  return true;
}

bool Server::postpone_client(std::uint64_t client, std::uint64_t key, std::string_view text,
                             std::chrono::seconds timeout, Instant now) {
  now_ = now;
  ServerPeer* peer = find_asking(client, key);
  if (peer == nullptr || text.size() > longest_pending_text) return false;
  postpone(*peer, *find_session(*peer, peer->managed.asked->session), timeout, text);
  serve(*peer);
  return true;
}

// It is told, and stays long enough to hear it.
bool Server::send_away(std::uint64_t client, std::string_view message, Instant now) {
  now_ = now;
  ServerPeer* peer = find_client(client);
  if (peer == nullptr) return false;
  peer->association.active().send_message(message, now_);
  peer->log.info(3, "{}", lines::sent_control(peer->common_name, std::string(message), true));
  leave_soon(*peer, "SIGTERM", "delayed-exit");
  serve(*peer);
  return true;
}

std::size_t Server::kill_clients(const std::function<bool(const ServerPeer&)>& wanted,
                                 Instant now) {
  now_ = now;
  std::vector<plane::PeerIndex> found;
  for (const auto& [index, peer] : peers_) {
    if (wanted(*peer)) found.push_back(index);
  }
  for (const plane::PeerIndex index : found) remove(index, "SIGTERM", "manager-kill");
  return found.size();
}

}  // namespace adit::node
