// When routes come, and with them the end of the beginning.

#include "node/client.h"

namespace adit::node {

void Client::settle() {
  const bool pull = setup_.config.client.pull;
  const options::Routes& routes = pull ? pulled_.routes : setup_.config.routes;
  if (!routes.delay || routes.delay->first.count() == 0 || up_) {
    routes_at_ = now_;
    return add_delayed_routes();
  }
  routes_at_ = now_ + routes.delay->first;
  log_.info(3, "route-delay: routes come in {} seconds", routes.delay->first.count());
}

void Client::add_delayed_routes() {
  routes_at_ = Instant::max();
  const bool pull = setup_.config.client.pull;
  add_routes(pull ? pulled_.device : setup_.config.device,
             pull ? pulled_.routes : setup_.config.routes);
  set_names(pulled_);
  complete();
}

}  // namespace adit::node
