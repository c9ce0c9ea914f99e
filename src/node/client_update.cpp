// PUSH_UPDATE: routes, names and addresses change while the tunnel stands.

#include "node/client.h"
#include "node/lines.h"
#include "options/push_update.h"

namespace adit::node {

namespace {

bool same_interface(const options::Pulled& a, const options::Pulled& b) {
  return a.device.ifconfig == b.device.ifconfig &&
         a.device.ifconfig_ipv6 == b.device.ifconfig_ipv6 &&
         a.device.topology == b.device.topology && a.tun_mtu == b.tun_mtu;
}

bool same_names(const options::Pulled& a, const options::Pulled& b) {
  return a.scripts.foreign_options == b.scripts.foreign_options && a.scripts.dns == b.scripts.dns;
}

}  // namespace

void Client::on_push_updated(const std::vector<std::string>& options) {
  tell_received("PUSH_UPDATE", options);
  const options::Pulled former = pulled_;
  const auto applied = options::apply_update(options, setup_.config, pulled_);
  for (const options::Issue& issue : applied.issues) log_.warn("{}", issue.text());
  if (applied.restart) {
    log_.error("{}", lines::offending_option);
    return end(Outcome::Next::restart, "SIGUSR1", std::string(lines::offending_option));
  }
  tell_imported(applied.taken);
  if (!up_ || !adopt(former)) return;
  log_.info(2, "{}", lines::update_done);
}

// False: the tunnel is at its end.
bool Client::adopt(const options::Pulled& former) {
  const bool moves = !same_interface(former, pulled_);
  // Whoever looks after names is told what there is to know by now.
  if (moves || !same_names(former, pulled_)) {
    const unsigned mtu = tun_mtu_to_use(setup_.mtu, pulled_.tun_mtu);
    if (!bring_up(pulled_.device, pulled_.routes, mtu)) return false;
  }
  if (moves) {
    put_routes(pulled_.device, pulled_.routes);  // bring_up() has taken the former ones away
    start_path();
  } else {
    adopt_routes();
  }
  set_names(pulled_);
  set_inside_rules();
  note_connected();
  return true;
}

// Those that stay are not touched; but for a default route of the host that has to go or to come
// back.
void Client::adopt_routes() {
  const RoutePlan plan = make_route_plan(pulled_.device, pulled_.routes);
  if (!plan.removed.empty() || around_.tunnel.holds_back_routes()) {
    return add_routes(pulled_.device, pulled_.routes);
  }
  const std::vector<std::string> failures = around_.tunnel.change_routes(plan);
  routes_failed_ = !failures.empty();
  for (const std::string& failure : failures) log_.error("ERROR: {}", failure);
  limit_routes();
}

}  // namespace adit::node
