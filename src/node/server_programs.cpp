// client-connect: an address from the pool, what programs say to it, and the options they give.

#include "node/server.h"
#include "options/client_profile.h"

namespace adit::node {

void Server::run_client_connect(ServerPeer& peer) {
  peer.lease = pool_.acquire(peer.common_name, now_);
  const auto& lease = peer.lease;
  if (!lease && pool_.size() > 0) {
    peer.log.error("MULTI: no free --ifconfig-pool addresses are available");
  } else if (lease) {
    peer.log.info(3, "MULTI_sva: pool returned IPv4={}, IPv6={}",
                  lease->v4 ? lease->v4->text() : "(Not enabled)",
                  lease->v6 ? lease->v6->text() : "(Not enabled)");
  }
  if (lease && peer.profile.ifconfig_push) pool_.give_back(lease->slot);
  peer.plan = policy::plan_client(setup_.facts, peer.profile, lease);
  if (peer.profile.ifconfig_push) peer.plan.slot.reset();
  tell_plugins_of_connect(peer, ConnectStage::first_plugins);
}

void Server::run_connect_script(ServerPeer& peer) {
  const options::Scripts& scripts = setup_.config.scripts;
  if (!scripts.client_connect.defined()) return finish_programs(peer);
  auto made = ConnectAnswer::create(around_.store, scripts.tmp_dir);
  if (!made) {
    peer.log.error("client-connect: {}", made.error().text());
    return refuse(peer);
  }
  const auto answer = std::make_shared<ConnectAnswer>(std::move(*made));
  Environment env = client_environment(peer);
  answer->set_variables(env);
  const Coming coming = coming_of(peer);
  hooks_.run_in_order(
      "client-connect", scripts.client_connect, env, {answer->path()},
      {.subjects = subjects_of(peer),
       .log = peer.log,
       .wanted = [this, coming] { return find_coming(coming) != nullptr; }},
      [this, coming, answer](int status) { connect_answered(coming, status, answer); });
}

Server::Coming Server::coming_of(const ServerPeer& peer) {
  return {peer.client_id, peer.association.active().own_id()};
}

ServerPeer* Server::find_coming(const Coming& coming) {
  ServerPeer* peer = find_client(coming.client);
  const bool waits = peer != nullptr && peer->phase == ServerPeer::Phase::connecting &&
                     peer->association.active().own_id() == coming.session;
  return waits ? peer : nullptr;
}

// Its programs run one after the other, and with them those of whoever had the name before it.
std::vector<std::string> Server::subjects_of(const ServerPeer& peer) const {
  std::vector<std::string> subjects{"#" + std::to_string(peer.client_id)};
  if (!setup_.config.server.duplicate_cn) subjects.push_back(peer.common_name);
  return subjects;
}

void Server::connect_answered(const Coming& coming, int status,
                              const std::shared_ptr<ConnectAnswer>& answer) {
  ServerPeer* peer = find_coming(coming);
  if (peer == nullptr) return;
  if (status == 0 && answer->look() == ConnectAnswer::Answer::later) {
    return watch([this, coming, answer] { return take_late_connect_answer(coming, *answer); });
  }
  settle_connect(*peer, status == 0, *answer);
}

bool Server::take_late_connect_answer(const Coming& coming, const ConnectAnswer& answer) {
  using Answer = ConnectAnswer::Answer;
  ServerPeer* peer = find_coming(coming);
  if (peer == nullptr) return true;
  const Answer now = answer.look();
  if (now == Answer::none || now == Answer::later) return false;
  const bool yes = now == Answer::yes;
  if (!yes) peer->log.error("MULTI: deferred --client-connect script returned CC_RET_FAILED");
  settle_connect(*peer, yes, answer);
  return true;
}

void Server::settle_connect(ServerPeer& peer, bool yes, const ConnectAnswer& answer) {
  if (yes) {
    overlay_profile(peer, answer.profile(), answer.path());
    finish_programs(peer);
  } else {
    refuse(peer);
  }
  serve(peer);
}

// What the manager's lines say comes on top of everything else.
void Server::finish_programs(ServerPeer& peer) {
  overlay_profile(peer, std::exchange(peer.managed.lines, {}), "management");
  finish_connect(peer);
}

// Options of one client on top of those it has.
void Server::overlay_profile(ServerPeer& peer, const std::string& text, const std::string& source) {
  if (text.empty()) return;
  auto parsed = options::parse_client_profile(text, source, setup_.config);
  for (const options::Issue& issue : parsed.issues) peer.log.warn("{}", issue.text());
  peer.profile = policy::overlay(peer.profile, parsed.profile);
  const auto slot = peer.plan.slot;
  peer.plan = policy::plan_client(setup_.facts, peer.profile, peer.lease);
  peer.plan.slot = slot;
  if (slot && peer.profile.ifconfig_push) {
    pool_.give_back(*slot);
    peer.plan.slot.reset();
  }
}

}  // namespace adit::node
