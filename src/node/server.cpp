// What arrives at the server, and time.

#include "node/server.h"

#include <algorithm>
#include <array>

#include "node/key_wear.h"
#include "node/lines.h"

namespace adit::node {

RateLimit connect_limit(const options::Server& server) {
  if (!server.connect_freq) return {0, Duration(1)};
  return {server.connect_freq->first, server.connect_freq->second};
}

Server::Server(const ServerSetup& setup, const Surroundings& around, Log log, Instant now,
               WallTime wall)
    : setup_(setup),
      around_(around),
      log_(log),
      hooks_(setup.config.scripts, setup.environment, around.processes, log, around.plugins),
      gate_(setup.wrapping, around.rng, setup.session.hand_window,
            {setup.config.server.connect_freq_initial.first,
             setup.config.server.connect_freq_initial.second}),
      pool_(setup.pool),
      connects_(connect_limit(setup.config.server)),
      complaints_(setup.wrapping, log),
      stations_(has_tap() ? Stations(around.rng.number(), setup.config.server.stale_routes, now)
                          : Stations(0)),
      now_(now),
      wall_(wall),
      next_wear_check_(now),
      next_status_(now),
      next_pool_write_(now + setup.config.server.pool_persist_interval) {
  hooks_.limit(setup.session.hand_window);
  if (setup.tokens) tokens_.emplace(*setup.tokens);
  const options::Server& server = setup.config.server;
  if (pool_.base4()) log_.info(3, "{}", lines::address_pool(*pool_.base4(), pool_.size()));
  if (server.stale_routes && has_tap()) {
    log_.info(1, "{}", lines::stale_check(server.stale_routes->age, server.stale_routes->interval));
  }
  if (server.pool_persist.empty()) return;
  if (const auto text = around_.store.read(server.pool_persist)) {
    const bool fixed = server.pool_persist_interval.count() == 0;
    const std::size_t senseless = pool_.load(*text, fixed);
    if (senseless > 0) {
      log_.warn("{}: {} line(s) name no address of the pool; they are ignored", server.pool_persist,
                senseless);
    }
  }
}

void Server::turn(Instant now, WallTime wall) {
  now_ = now;
  wall_ = wall;
  around_.plane.take_reports(
      plane::DataPlane::reports_per_turn,
      [this](const plane::Report& report, MutableBytes bytes) { take(report, bytes); });
  while (!timers_.empty() && timers_.begin()->first <= now_) {
    ServerPeer* peer = find(timers_.begin()->second);
    timers_.erase(timers_.begin());
    if (peer == nullptr) continue;
    peer->scheduled = {};
    peer->association.tick(now_);
    check_liveness(*peer);
    check_limits(*peer);
    if (peer->renew_token_at <= now_) renew_token(*peer);
    run_path(*peer);
    serve(*peer);
  }
  while (!silent_streams_.empty() && silent_streams_.front().first <= now_) {
    const ports::LinkAddress from = silent_streams_.front().second;
    silent_streams_.pop_front();
    if (find(from) == nullptr) turn_away(from);
  }
  if (next_look_ <= now_) look_for_answers();
  if (next_wear_check_ <= now_) note_wear();
  if (next_status_ <= now_) write_status(wall_);
  if (next_pool_write_ <= now_) write_pool();
  if (stations_.next_check() <= now_) forget_stale_stations();
  publish_routes();
  around_.plane.collect();
}

Deadline Server::deadline() const {
  Deadline next = earlier({next_wear_check_, "wear"}, {next_look_, "late-answer"});
  next = earlier(next, {stations_.next_check(), "stale-routes"});
  if (!timers_.empty()) next = earlier(next, {timers_.begin()->first, "peer"});
  if (!silent_streams_.empty()) {
    next = earlier(next, {silent_streams_.front().first, "silent-stream"});
  }
  if (!setup_.config.logging.status_file.empty()) next = earlier(next, {next_status_, "status"});
  if (!setup_.config.server.pool_persist.empty()) next = earlier(next, {next_pool_write_, "pool"});
  return next;
}

void Server::take_datagram(const ports::LinkAddress& from, MutableBytes datagram) {
  ServerPeer* peer = find(from);
  if (peer == nullptr) return meet_stranger(from, datagram);
  const std::size_t size = datagram.size();
  const Drop verdict = peer->association.receive(datagram, now_);
  if (verdict == Drop::unknown_peer) return meet_newcomer(*peer, datagram);
  if (verdict == Drop::bad_tag) return complaints_.about(datagram, verdict, from.remote, now_);
  if (verdict != Drop::none) return;
  peer->last_control_received = now_;
  peer->control_bytes_received += size;
  serve(*peer);
}

void Server::meet_stranger(const ports::LinkAddress& from, MutableBytes datagram) {
  if (ending_) {
    log_.mutable_error(1, "{}", lines::ignored_while_ending(from.remote));
    return turn_away(from);
  }
  auto verdict = from.stream == 0 ? gate_.meet(datagram, from, now_, wall_)
                                  : gate_.meet_reset(datagram, wall_);
  if (const Drop* drop = std::get_if<Drop>(&verdict)) {
    turn_away(from);
    return complaints_.about(datagram, *drop, from.remote, now_);
  }
  if (const auto* reply = std::get_if<Gate::Reply>(&verdict)) {
    around_.plane.send_datagram(from, reply->datagram);
    if (answered_.came_again(from.remote, now_)) {
      log_.info(2, "{}", lines::answered_again(from.remote));
    }
    return;
  }
  begin(from, std::move(std::get<Gate::Welcome>(verdict)), datagram);
}

// Nothing begins here: a connection that was made for it ends.
void Server::turn_away(const ports::LinkAddress& from) {
  if (from.stream != 0) around_.link.close_stream(from.stream);
}

void Server::begin(const ports::LinkAddress& from, Gate::Welcome welcome, MutableBytes datagram) {
  const auto index = free_index();
  if (!index) {
    log_.mutable_error(1, "{} {}", from.remote.text(),
                       lines::too_many_clients(setup_.config.server.max_clients));
    turn_away(from);
    return;
  }
  if (!connects_.allow(now_)) {
    log_.mutable_error(2, "{}", lines::too_many_connections(from.remote));
    turn_away(from);
    return;
  }
  auto session = std::make_unique<session::Session>(setup_.session_for(from), welcome.protection,
                                                    welcome.opening, now_);
  if (session->receive(datagram, now_) != Drop::none) {
    turn_away(from);
    return;
  }
  auto peer = std::make_unique<ServerPeer>(
      *index, next_client_id_++, from, std::move(welcome.protection), std::move(session),
      log_.with_prefix(lines::real_address(from.remote) + " "));
  peer->last_control_received = now_;
  peer->connected = wall_;
  if (from.stream != 0) {
    log_.info(1, "{}", lines::tcp_established(from.remote));
  }
  peer->log.info(3, "{}",
                 lines::initial_packet(from.remote, peer->association.active().remote_id()));
  by_address_[from] = *index;
  ServerPeer& fresh = enter(std::move(peer));
  check_key(fresh, fresh.association.active(), welcome.metadata);
  if (ServerPeer* still = find(*index)) serve(*still);
}

// A client that started anew on the same address: the living session goes on beside it.
void Server::meet_newcomer(ServerPeer& peer, MutableBytes datagram) {
  auto verdict = gate_.meet_reset(datagram, wall_);
  auto* welcome = std::get_if<Gate::Welcome>(&verdict);
  if (welcome == nullptr || peer.phase == ServerPeer::Phase::leaving) return;
  auto session = std::make_unique<session::Session>(setup_.session_for(peer.address),
                                                    welcome->protection, welcome->opening, now_);
  if (session->receive(datagram, now_) != Drop::none) return;
  peer.protection = std::move(welcome->protection);
  peer.association.start_newcomer(std::move(session));
  const plane::PeerIndex index = peer.index;
  check_key(peer, *peer.association.newcomer(), welcome->metadata);
  if (ServerPeer* still = find(index)) serve(*still);
}

void Server::serve(ServerPeer& peer) {
  if (peer.in_hand) return;  // whoever has it in hand sees to the rest
  peer.in_hand = true;
  while (auto happening = peer.association.happening()) handle(peer, *happening);
  peer.in_hand = false;
  transmit(peer);
  if (peer.leave_at <= now_) return remove(peer.index, peer.leave_signal, peer.leave_text);
  schedule(peer);
}

void Server::transmit(ServerPeer& peer) {
  std::array<std::uint8_t, plane::largest_control_packet> room;
  while (const auto size = peer.association.transmit(room, now_)) {
    around_.plane.send_datagram(peer.address, Bytes(room).first(*size));
    peer.last_control_sent = now_;
    peer.control_bytes_sent += *size;
  }
}

void Server::check_liveness(ServerPeer& peer) {
  if (!peer.liveness.running()) return;
  const plane::PeerTraffic traffic = around_.plane.traffic(peer.index);
  switch (peer.liveness.check(now_, std::max(traffic.last_sent, peer.last_control_sent),
                              std::max(traffic.last_received, peer.last_control_received))) {
    case session::Liveness::Verdict::nothing:
      return;
    case session::Liveness::Verdict::ping_now:
      around_.plane.send_payload(peer.index, wire::ping_message);
      return;
    case session::Liveness::Verdict::peer_gone:
      peer.log.info(1, "{}", lines::inactivity(peer.common_name, peer.ping_exits));
      leave_soon(peer, peer.ping_exits ? "SIGTERM" : "SIGUSR1",
                 peer.ping_exits ? "ping-exit" : "ping-restart");
      peer.leave_at = now_;
      return;
  }
}

void Server::check_limits(ServerPeer& peer) {
  if (!peer.limits.deadline().due(now_) || peer.phase != ServerPeer::Phase::up) return;
  using Verdict = session::TimeLimits::Verdict;
  const auto verdict = peer.limits.check(now_, around_.plane.traffic(peer.index).inside_bytes());
  if (verdict == Verdict::nothing) return;
  const bool idle = verdict == Verdict::idle;
  peer.log.info(1, "{}", idle ? lines::inactive : lines::session_over);
  leave_soon(peer, "SIGTERM", idle ? "inactive" : "session-timeout");
  peer.leave_at = now_;
}

// Keys that are nearly used up are renewed early.
void Server::note_wear() {
  next_wear_check_ = now_ + wear_interval(setup_.session);
  std::vector<plane::PeerIndex> up;  // serving one may remove it
  for (const auto& [index, peer] : peers_) {
    if (peer->phase == ServerPeer::Phase::up) up.push_back(index);
  }
  for (const plane::PeerIndex index : up) {
    ServerPeer* peer = find(index);
    if (peer == nullptr) continue;
    session::Session& session = peer->association.active();
    look_for_disorder(*peer, session);
    note_key_wear(session, around_.plane, index, now_);
    serve(*peer);
  }
}

void Server::look_for_disorder(ServerPeer& peer, const session::Session& session) {
  if (!session.negotiated()) return;
  const options::Channel& channel = setup_.config.channel;
  if (!peer.disorder) peer.disorder.emplace(replay_limits(channel), channel.mute_replay_warnings);
  peer.disorder->look(around_.plane.disorder(peer.index), key_in_use(session), now_, peer.log);
}

void Server::schedule(ServerPeer& peer) {
  Deadline next = earlier(peer.association.deadline(), peer.liveness.deadline());
  next = earlier(next, {peer.leave_at, "leave"});
  if (peer.phase == ServerPeer::Phase::up) {
    next = earlier(earlier(next, peer.limits.deadline()), peer.path.deadline());
    next = earlier(next, {peer.renew_token_at, "token"});
  }
  if (next.at == peer.scheduled.at) return;
  timers_.erase({peer.scheduled.at, peer.index});
  peer.scheduled = next;
  if (next.at != Instant::max()) timers_.insert({next.at, peer.index});
}

void Server::meet_stream(const ports::LinkAddress& from, Instant now) {
  silent_streams_.emplace_back(now + setup_.session.hand_window, from);
}

ServerPeer& Server::enter(std::unique_ptr<ServerPeer> peer) {
  by_client_[peer->client_id] = peer.get();
  return *(peers_[peer->index] = std::move(peer));
}

ServerPeer* Server::find(const ports::LinkAddress& from) {
  const auto found = by_address_.find(from);
  return found == by_address_.end() ? nullptr : find(found->second);
}

ServerPeer* Server::find(plane::PeerIndex index) {
  const auto found = peers_.find(index);
  return found == peers_.end() ? nullptr : found->second.get();
}

ServerPeer* Server::find_client(std::uint64_t client_id) {
  const auto found = by_client_.find(client_id);
  return found == by_client_.end() ? nullptr : found->second;
}

// The lowest one.
std::optional<plane::PeerIndex> Server::free_index() {
  for (auto at = peers_.lower_bound(all_used_below_);
       at != peers_.end() && at->first == all_used_below_; ++at) {
    ++all_used_below_;
  }
  if (all_used_below_ >= setup_.config.server.max_clients ||
      all_used_below_ >= around_.plane.capacity()) {
    return std::nullopt;
  }
  return all_used_below_;
}

bool Server::announce_end(Instant now) {
  now_ = now;
  if (setup_.config.connection.explicit_exit_notify.value_or(0) == 0) return false;
  ending_ = !peers_.empty();
  for (const auto& [index, peer] : peers_) {
    if (peer->phase == ServerPeer::Phase::up) tell_end(*peer);
  }
  return ending_;
}

void Server::tell_end(ServerPeer& peer) {
  if (peer.address.stream != 0) return;
  const bool next = setup_.config.connection.explicit_exit_notify == 2;
  peer.association.active().send_message(next ? "RESTART,[N]" : "RESTART", now_);
  transmit(peer);
}

}  // namespace adit::node
