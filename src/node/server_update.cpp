// PUSH_UPDATE: what was pushed to a client changes while it is connected.

#include <algorithm>

#include "base/text.h"
#include "node/lines.h"
#include "node/server.h"
#include "options/push_update.h"

namespace adit::node {

namespace {

constexpr std::size_t longest_option = 255;

bool is_sensible(const std::string& option) {
  const auto printable = [](char c) { return c >= ' ' && c <= '~' && c != ','; };
  return !option.empty() && option.size() <= longest_option &&
         std::ranges::all_of(option, printable);
}

bool is_address(const std::string& option) {
  return option.starts_with("ifconfig") || option.starts_with("-ifconfig");
}

// Whether such a client can be told: its tunnel stands, and it knows the message.
bool can_be_told(const ServerPeer& peer) {
  return peer.phase == ServerPeer::Phase::up && peer.pushed &&
         peer.association.active().peer_info().offers(wire::proto_push_update);
}

}  // namespace

bool Server::update_client(std::uint64_t client, const std::vector<std::string>& options,
                           Instant now) {
  now_ = now;
  ServerPeer* peer = find_client(client);
  if (peer == nullptr || !can_be_told(*peer) || !update(*peer, options)) return false;
  serve(*peer);
  publish_routes();
  return true;
}

std::size_t Server::update_clients(const std::vector<std::string>& options, Instant now) {
  now_ = now;
  const std::size_t count = tell_each([&](const ServerPeer&) { return options; });
  publish_routes();
  return count;
}

// changes: for each that can be told; empty: there is nothing to tell. Returns how many were told.
std::size_t Server::tell_each(
    const std::function<std::vector<std::string>(ServerPeer& peer)>& changes) {
  std::vector<plane::PeerIndex> all;  // who is served may go
  for (const auto& [index, peer] : peers_) all.push_back(index);
  std::size_t count = 0;
  for (const plane::PeerIndex index : all) {
    ServerPeer* peer = find(index);
    if (peer == nullptr || !can_be_told(*peer)) continue;
    const std::vector<std::string> options = changes(*peer);
    if (options.empty()) continue;
    if (!update(*peer, options)) {
      peer->log.warn("what has changed of the pushed options cannot be sent to this client");
      continue;
    }
    ++count;
    serve(*peer);
  }
  return count;
}

bool Server::update(ServerPeer& peer, const std::vector<std::string>& options) {
  if (options.empty() || !std::ranges::all_of(options, is_sensible)) return false;
  for (const std::string& option : options) adopt_address(peer, option);
  for (const std::string& message : wire::render_push_update(options)) {
    peer.association.active().send_message(message, now_);
    peer.log.info(3, "{}", lines::sent_control(peer.common_name, message, true));
  }
  return true;
}

// A client that gets another address is reached under that one from now on.
void Server::adopt_address(ServerPeer& peer, const std::string& option) {
  const std::vector<std::string_view> words = adit::words(option);
  if (words.size() < 2) return;
  std::optional<ip::Address> wanted;
  if (words[0] == "ifconfig") wanted = ip::Address::parse_v4(words[1]);
  if (words[0] == "ifconfig-ipv6") {
    wanted = ip::Address::parse_v6(words[1].substr(0, words[1].find('/')));
  }
  if (!wanted) return;
  std::optional<ip::Address>& has = wanted->is_v4() ? peer.plan.v4 : peer.plan.v6;
  if (has == wanted) return;
  if (has) {
    pool_.unreserve(*has);
    unlearn(peer, ip::Prefix::host(*has));
  }
  has = wanted;
  pool_.reserve(*has);
  learn(peer, ip::Prefix::host(*has));
}

// The pushes of another configuration, to those who can be told; everybody else gets them with its
// next session. Returns how many were told.
std::size_t Server::push_changes() {
  return tell_each([this](ServerPeer& peer) {
    std::vector<std::string> wanted =
        policy::plan_client(setup_.facts, peer.profile, peer.lease).push;
    std::vector<std::string> changes = options::update_between(peer.plan.push, wanted);
    std::erase_if(changes, is_address);  // which is decided when a client comes
    if (std::ranges::all_of(changes, is_sensible)) peer.plan.push = std::move(wanted);
    return changes;
  });
}

}  // namespace adit::node
