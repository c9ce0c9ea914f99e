// What a server leaves to the process after it: any bytes taken over. Whatever clients come of it,
// the server goes on, and what it leaves in turn is taken over without complaint.

#include "tests/fuzz/input.h"
#include "tests/sim/world.h"

namespace adit::fuzz {

void try_input(Bytes input) {
  using namespace std::chrono_literals;
  sim::World world(1, {.wrap = sim::Wrap::tls_crypt_v2});
  sim::ServerHost& host = world.add_server();
  const Status taken = host.server().resume(input, 0, world.now(), world.wall());
  ADIT_ASSERT(taken || !taken.error().text().empty());
  world.run_for(2s);
  const Buffer carried = host.server().carry(world.now());
  host.crash();
  ADIT_ASSERT(host.server().resume(carried, 1000, world.now(), world.wall()).has_value());
  world.run_for(200s);
}

}  // namespace adit::fuzz
