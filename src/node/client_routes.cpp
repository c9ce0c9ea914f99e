// When routes come, and with them the end of the beginning.

#include "node/client.h"

namespace adit::node {

void Client::settle() {
  const options::Routes& routes = routes_in_use();
  if (!routes.delay || routes.delay->first.count() == 0 || up_) {
    routes_at_ = now_;
    return add_delayed_routes();
  }
  routes_at_ = now_ + routes.delay->first;
  log_.info(3, "route-delay: routes come in {} seconds", routes.delay->first.count());
}

void Client::add_delayed_routes() {
  routes_at_ = Instant::max();
  add_routes(device(), routes_in_use());
  set_names(pulled_);
  complete();
}

}  // namespace adit::node
