// The end of a client: who is told, and what is freed.

#include "node/lines.h"
#include "node/server.h"

namespace adit::node {

void Server::remove(plane::PeerIndex index, std::string_view signal, std::string_view text) {
  ServerPeer* peer = find(index);
  if (peer == nullptr) return;
  const std::string what =
      signal == "SIGUSR1" ? "client-instance restarting" : "client-instance exiting";
  peer->log.info(1, "{}", lines::signal_received(signal, false, text, what));
  forget(*peer);
}

void Server::close() {
  while (!peers_.empty()) forget(*peers_.begin()->second);
}

// Before its addresses are: once, as soon as it leaves.
void Server::tell_gone(ServerPeer& peer) {
  const Hooks::Occasion gone{ports::PluginEvent::client_disconnect, "client-disconnect",
                             setup_.config.scripts.client_disconnect};
  if (!peer.let_in || std::exchange(peer.told_gone, true) || !hooks_.wanted(gone)) return;
  Environment env = client_environment(peer);
  env.merge(traffic_environment(peer));
  hooks_.tell_in_order(gone, env, {},
                       {.subjects = subjects_of(peer), .keeps_books = true, .log = peer.log},
                       plugin_context(peer), [](bool) {});
}

void Server::forget(ServerPeer& peer) {
  const plane::PeerIndex index = peer.index;
  tell_gone(peer);
  hooks_.plugins().forget_client(plugin_context(peer));
  if (peer.phase == ServerPeer::Phase::up) unlearn(peer);
  if (peer.managed.told) note_about(peer, ServerNews::Kind::disconnect);
  if (peer.plan.slot) pool_.release(*peer.plan.slot, now_);
  bytes_of_gone_ += link_bytes(peer);
  around_.plane.remove_peer(index);
  if (peer.address.stream != 0) around_.link.close_stream(peer.address.stream);
  const auto at = by_address_.find(peer.address);
  if (at != by_address_.end() && at->second == index) by_address_.erase(at);
  timers_.erase({peer.scheduled.at, index});
  by_client_.erase(peer.client_id);
  peers_.erase(index);
  all_used_below_ = std::min(all_used_below_, index);
}

}  // namespace adit::node
