// What is behind each client: learned, given to the data plane, shown in the status, written down.

#include <algorithm>

#include "base/text.h"
#include "node/lines.h"
#include "node/server.h"

namespace adit::node {

namespace {

// All that is behind a client: its own addresses first.
std::vector<ip::Prefix> networks_of(const ServerPeer& peer) {
  std::vector<ip::Prefix> networks;
  for (const auto& address : {peer.plan.v4, peer.plan.v6}) {
    if (address) networks.push_back(ip::Prefix::host(*address));
  }
  networks.insert(networks.end(), peer.plan.iroutes.begin(), peer.plan.iroutes.end());
  return networks;
}

std::string text_of(const ip::Prefix& network) {
  return network.is_host() ? network.address.text() : network.text();
}

}  // namespace

Hooks::Occasion Server::learning() const {
  return {ports::PluginEvent::learn_address, "learn-address", setup_.config.scripts.learn_address};
}

// An address that goes from one client to another is taken from the first before.
Hooks::How Server::how_to_learn(const ServerPeer& peer, std::string what) const {
  Hooks::How how{.subjects = subjects_of(peer), .keeps_books = true, .log = peer.log};
  how.subjects.push_back(std::move(what));
  return how;
}

// With a script, the networks of a client are routed to it as the script agrees.
void Server::learn(ServerPeer& peer) {
  peer.arrival = ++arrivals_;
  for (const auto& address : {peer.plan.v4, peer.plan.v6}) {
    if (address) pool_.reserve(*address);
  }
  if (has_tap()) return;
  for (const ip::Prefix& network : networks_of(peer)) learn(peer, network);
}

void Server::learn(ServerPeer& peer, const ip::Prefix& network) {
  const Hooks::Occasion add = learning();
  if (!hooks_.wanted(add)) return learned(peer, network);
  const std::uint64_t asking = ++last_asking_;
  peer.unlearned.push_back({network, asking});
  const char* what = owners_.owner(network).value_or(peer.index) == peer.index ? "add" : "update";
  hooks_.tell_in_order(add, client_environment(peer), {what, text_of(network), peer.common_name},
                       how_to_learn(peer, network.text()), plugin_context(peer),
                       [this, id = peer.client_id, asking](bool agreed) {
                         ServerPeer* client = find_client(id);
                         if (client != nullptr) answer_learn(*client, asking, agreed);
                       });
}

void Server::answer_learn(ServerPeer& peer, std::uint64_t asking, bool accepted) {
  const auto waiting = std::ranges::find(peer.unlearned, asking, &ServerPeer::Unlearned::asking);
  if (waiting == peer.unlearned.end()) return;  // it is behind the client no more
  const ip::Prefix network = waiting->network;
  if (!accepted) {
    waiting->refused = true;
    return peer.log.error("{}", lines::learn_failed(text_of(network), peer.name()));
  }
  peer.unlearned.erase(waiting);
  learned(peer, network);
}

void Server::learned(ServerPeer& peer, const ip::Prefix& network) {
  const std::string text = text_of(network);
  tell_takeover(peer, network);
  if (peer.phase == ServerPeer::Phase::up) owners_.claim(network, peer.index, peer.arrival);
  const bool own = network == ip::Prefix::host(network.address) &&
                   (network.address == peer.plan.v4 || network.address == peer.plan.v6);
  if (!own) peer.log.info(3, "{}", lines::internal_route(text, peer.name()));
  peer.log.info(3, "{}", lines::learn(text, peer.name()));
  if (own) peer.log.info(3, "{}", lines::primary_virtual_ip(peer.name(), text));
}

void Server::unlearn(ServerPeer& peer) {
  for (const auto& address : {peer.plan.v4, peer.plan.v6}) {
    if (address) pool_.unreserve(*address);
  }
  if (has_tap()) return forget_stations(peer);
  for (const ip::Prefix& network : networks_of(peer)) unlearn(peer, network);
}

void Server::unlearn(ServerPeer& peer, const ip::Prefix& network) {
  const Hooks::Occasion gone = learning();
  const bool owned = owners_.owner(network) == peer.index;
  owners_.release(network, peer.index);
  const auto doubt = std::ranges::find(peer.unlearned, network, &ServerPeer::Unlearned::network);
  const bool asked = doubt != peer.unlearned.end();
  if (!hooks_.wanted(gone) || (asked ? doubt->refused : !owned)) return;
  const auto heir = owners_.owner(network);
  const ServerPeer& of = heir ? *peers_.at(*heir) : peer;
  std::vector<std::string> words{heir ? "update" : "delete", text_of(network)};
  if (heir) words.push_back(of.common_name);
  hooks_.tell_in_order(gone, client_environment(of), words, how_to_learn(peer, network.text()),
                       heir ? plugin_context(of) : 0, [](bool) {});
}

// Two clients with one address: whoever comes last has it, and both owners must hear of it.
void Server::tell_takeover(const ServerPeer& peer, const ip::Prefix& network) const {
  const std::string& ccd = setup_.config.server.ccd;
  for (const plane::PeerIndex index : owners_.claimants(network)) {
    if (index == peer.index) continue;
    const ServerPeer& other = *peers_.at(index);
    peer.log.warn("{} is already used by {}; {} takes over its route - give one of them another{}",
                  text_of(network), other.name(), peer.name(),
                  ccd.empty() ? "" : " in its file in " + ccd);
  }
}

void Server::tell_addresses(const ServerPeer& peer) {
  if (has_tap()) return;
  for (const ip::Prefix& network : networks_of(peer)) {
    const bool own =
        network.is_host() && (network.address == peer.plan.v4 || network.address == peer.plan.v6);
    note(
        {ServerNews::Kind::address, peer.client_id, 0, text_of(network) + (own ? ",1" : ",0"), {}});
  }
}

void Server::publish_routes() {
  auto table = has_tap() ? stations_.take_change() : owners_.take_change();
  if (table != nullptr) around_.plane.set_routes(std::move(table));
  hand_on_frames();
}

ServerStatus Server::status(WallTime wall) const {
  ServerStatus status{setup_.title, wall, {}, {}};
  for (const auto& [index, peer] : peers_) {
    const plane::PeerTraffic traffic = around_.plane.traffic(index);
    ClientRow row;
    const bool up = peer->phase == ServerPeer::Phase::up;
    const bool known = up || peer->let_in;  // who leaves keeps its name to the end
    row.common_name = known ? peer->common_name : "UNDEF";
    row.real_address = lines::real_address(peer->address.remote);
    if (known && peer->plan.v4) row.v4 = peer->plan.v4->text();
    if (known && peer->plan.v6) row.v6 = peer->plan.v6->text();
    row.bytes_received = traffic.received_link_bytes + peer->control_bytes_received;
    row.bytes_sent = traffic.sent_link_bytes + peer->control_bytes_sent;
    row.connected = peer->connected;
    row.username = known ? printable(peer->username) : "";
    row.client_id = peer->client_id;
    row.peer_id = index;
    const auto& negotiated = peer->association.active().negotiated();
    if (negotiated) row.cipher = negotiated->cipher;
    status.clients.push_back(std::move(row));
    if (!up) continue;
    const auto since = std::chrono::duration_cast<std::chrono::seconds>(
        now_ - std::max(traffic.last_received, peer->last_control_received));
    const WallTime last{wall.seconds - std::max<std::int64_t>(0, since.count())};
    const auto add_route = [&, client = peer.get()](const std::string& address) {
      status.routes.push_back(
          {address, client->common_name, lines::real_address(client->address.remote), last});
    };
    for (const plane::Station& station : stations_.behind(index)) add_route(station.text());
    if (has_tap()) continue;
    for (const ip::Prefix& network : networks_of(*peer)) {
      if (owners_.owner(network) == peer->index) add_route(text_of(network));
    }
  }
  return status;
}

void Server::write_status(WallTime wall) {
  const options::Logging& logging = setup_.config.logging;
  const bool periodic = logging.status_interval.count() > 0;
  next_status_ = periodic ? now_ + logging.status_interval : Instant::max();
  if (logging.status_file.empty()) return;
  const std::string text = render_server_status(status(wall), logging.status_version);
  if (Status written = around_.store.rewrite(logging.status_file, text); !written) {
    log_.warn("status: {}", written.error().text());
  }
}

void Server::write_pool() {
  const options::Server& server = setup_.config.server;
  next_pool_write_ = now_ + std::max(server.pool_persist_interval, options::Seconds(1));
  if (server.pool_persist.empty() || server.pool_persist_interval.count() == 0) return;
  if (Status written = around_.store.rewrite(server.pool_persist, pool_.render()); !written) {
    log_.warn("ifconfig-pool-persist: {}", written.error().text());
  }
}

}  // namespace adit::node
