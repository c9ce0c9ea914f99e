// ifconfig-pool-persist: any text read; what is written of it reads the same.
//
//   topology, fixed | text

#include "policy/address_pool.h"
#include "tests/fuzz/fixtures.h"
#include "tests/fuzz/input.h"

namespace adit::fuzz {

void try_input(Bytes bytes) {
  Input input(bytes);
  policy::PoolSetup setup;
  setup.topology = input.flag() ? options::Topology::subnet : options::Topology::net30;
  setup.first4 = ip::Address::parse_v4("10.8.0.4");
  setup.last4 = ip::Address::parse_v4("10.8.0.251");
  setup.network6 = ip::Prefix::parse("fd00::/112");
  setup.first6 = *ip::Address::parse("fd00::1000");
  const bool fixed = input.flag();
  policy::AddressPool pool(setup);
  static_cast<void>(pool.load(as_text(input.rest()), fixed));
  const std::string text = pool.render();
  policy::AddressPool again(setup);
  ADIT_ASSERT(again.load(text, fixed) == 0);
  ADIT_ASSERT(again.render() == text);
  const auto lease = again.acquire("somebody", start_of_time);
  if (lease) {
    ADIT_ASSERT(lease->slot < again.size());
    again.release(lease->slot, start_of_time);
  }
}

}  // namespace adit::fuzz
