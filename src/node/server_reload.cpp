// A server whose configuration is another from now on. Nobody goes: what a connected client was
// told when it came stays good for it until its next session, unless it can be told of changes.

#include <algorithm>

#include "node/server.h"
#include "options/client_profile.h"

namespace adit::node {

namespace {

using options::Changed;

constexpr std::string_view others = " and others";

// Of two times where zero means never.
Duration longer(Duration a, Duration b) {
  return a == Duration::zero() || b == Duration::zero() ? Duration::zero() : std::max(a, b);
}
Duration shorter(Duration a, Duration b) {
  if (a == Duration::zero()) return b;
  return b == Duration::zero() ? a : std::min(a, b);
}

bool same(const session::Liveness::Timers& a, const session::Liveness::Timers& b) {
  return a.ping == b.ping && a.timeout == b.timeout;
}

// What programs added stands behind what the file said.
void take_in_place(std::vector<std::string>& all, const std::vector<std::string>& former,
                   const std::vector<std::string>& fresh) {
  if (all.size() < former.size() || !std::equal(former.begin(), former.end(), all.begin())) return;
  all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(former.size()));
  all.insert(all.begin(), fresh.begin(), fresh.end());
}

// A file may be that of many.
void add_for_client(std::vector<Changed>& all, Changed changed) {
  const auto known = std::ranges::find_if(all, [&](const Changed& other) {
    return other.at == changed.at && other.line == changed.line && other.was == changed.was;
  });
  if (known == all.end()) {
    all.push_back(std::move(changed));
  } else if (!known->note.ends_with(others)) {
    known->note += others;
  }
}

}  // namespace

std::size_t Server::reconfigure(Instant now) {
  now_ = now;
  ++configured_;
  const options::Server& server = setup_.config.server;
  hooks_.adopt(setup_.config.scripts, setup_.environment);
  gate_.adopt(setup_.wrapping,
              {server.connect_freq_initial.first, server.connect_freq_initial.second});
  pool_.set_duplicate_cn(server.duplicate_cn);
  connects_ = connect_limit(server);
  around_.plane.let_clients_meet(server.client_to_client);
  next_wear_check_ = next_status_ = now;
  for (auto& [index, peer] : peers_) {
    if (peer->phase != ServerPeer::Phase::up) continue;
    adopt_client_file(*peer);
    adopt_timers(*peer);
    adopt_sizes(*peer);
    schedule(*peer);
  }
  end_revoked(now);
  const std::size_t told = push_changes();
  publish_routes();
  return told;
}

void Server::adopt_sizes(ServerPeer& peer) {
  const bool looks = peer.path.finder().state() != session::PathMtu::State::off;
  if (setup_.mtu.automatic && !looks) return start_path(peer);
  if (!setup_.mtu.automatic) peer.path = {};
  set_plane_peer(peer);
}

// The client counts on what it was pushed: it is pinged at the shorter of both intervals, and
// waited for the longer of both times.
void Server::adopt_timers(ServerPeer& peer) {
  if (!peer.liveness.running()) return;
  const session::Liveness::Timers before = peer.liveness.timers(), wanted = timers_of(peer);
  const session::Liveness::Timers both{shorter(before.ping, wanted.ping),
                                       longer(before.timeout, wanted.timeout)};
  if (!same(before, both)) peer.liveness.start(both, now_);
}

// Its networks and its timers follow at once; everything else of the file was for the push.
void Server::adopt_client_file(ServerPeer& peer) {
  const options::Server& server = setup_.config.server;
  std::string path, text;
  if (!server.ccd.empty()) {
    auto [found, content] = client_file(server, peer);
    if (content) text = std::move(*content), path = std::move(found);
  }
  const auto former =
      options::parse_client_profile(peer.ccd_text, peer.ccd_path, setup_.config).profile;
  const auto parsed = options::parse_client_profile(text, path, setup_.config);
  if (text != peer.ccd_text) {
    for (const options::Issue& issue : parsed.issues) peer.log.warn("{}", issue.text());
  }
  const options::ClientProfile& fresh = parsed.profile;
  std::vector<options::Iroute> iroutes = fresh.iroutes;
  for (const options::Iroute& iroute : peer.profile.iroutes) {  // a script's stay
    if (iroute.at.file != peer.ccd_path) iroutes.push_back(iroute);
  }
  if (fresh.max_routes != former.max_routes) peer.profile.max_routes = fresh.max_routes;
  options::ClientProfile with_networks;
  with_networks.iroutes = iroutes;
  with_networks.max_routes = peer.profile.max_routes;
  const policy::ClientPlan plan = policy::plan_client(setup_.facts, with_networks, {});
  for (const std::string& warning : plan.warnings) peer.log.warn("{}", warning);
  peer.profile.iroutes = std::move(iroutes);
  take_in_place(peer.profile.push, former.push, fresh.push);
  take_in_place(peer.profile.push_remove, former.push_remove, fresh.push_remove);
  if (former.push_reset != fresh.push_reset) peer.profile.push_reset = fresh.push_reset;
  for (const auto timer : {&options::ClientProfile::ping, &options::ClientProfile::ping_restart,
                           &options::ClientProfile::ping_exit}) {
    if (fresh.*timer != former.*timer) peer.profile.*timer = fresh.*timer;
  }
  peer.ccd_path = std::move(path);
  peer.ccd_text = std::move(text);
  set_iroutes(peer, plan.iroutes);
}

void Server::set_iroutes(ServerPeer& peer, std::vector<ip::Prefix> wanted) {
  const std::vector<ip::Prefix> before = std::exchange(peer.plan.iroutes, std::move(wanted));
  const auto lacks = [](const std::vector<ip::Prefix>& all, const ip::Prefix& one) {
    return std::ranges::find(all, one) == all.end();
  };
  for (const ip::Prefix& network : before) {
    if (!lacks(peer.plan.iroutes, network)) continue;
    unlearn(peer, network);
    std::erase_if(peer.unlearned,
                  [&](const ServerPeer::Unlearned& one) { return one.network == network; });
  }
  for (const ip::Prefix& network : peer.plan.iroutes) {
    if (lacks(before, network)) learn(peer, network);
  }
}

std::vector<Changed> Server::changed_client_files(const options::Config& config) const {
  std::vector<Changed> all;
  for (const auto& [index, peer] : peers_) {
    if (peer->phase != ServerPeer::Phase::up) continue;
    std::string path = peer->ccd_path, text;
    if (!config.server.ccd.empty()) {
      auto [found, content] = client_file(config.server, *peer);
      if (content) text = std::move(*content), path = std::move(found);
    }
    for (Changed& changed : options::compare_profiles(peer->ccd_text, text, path)) {
      changed.note = "client " + peer->common_name;
      add_for_client(all, std::move(changed));
    }
  }
  return all;
}

std::size_t Server::count(const std::function<bool(const ServerPeer&)>& wanted) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(peers_, [&](const auto& one) { return wanted(*one.second); }));
}

// Its new session begins with what is configured by now.
void Server::begin_anew(ServerPeer& peer) {
  tell_gone(peer);
  unlearn(peer);
  if (peer.plan.slot) pool_.release(*peer.plan.slot, now_);
  peer.plan = {};
  peer.unlearned.clear();
  peer.let_in = peer.told_gone = false;
}

}  // namespace adit::node
