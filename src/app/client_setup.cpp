#include "app/client_setup.h"

#include <sys/utsname.h>

#include "app/inside.h"
#include "app/title.h"
#include "node/make_setup.h"

namespace adit::app {

namespace {

std::vector<std::pair<std::string, std::string>> details(Runtime& runtime,
                                                         const options::Config& config) {
  utsname system{};
  uname(&system);
  std::string hardware;
  for (const ports::Route& route : runtime.network->default_routes(ip::Family::v4)) {
    hardware = runtime.network->hardware_address(route.device).value_or("");
    if (!hardware.empty()) break;
  }
  return node::detailed_peer_info(config, hardware, tls_library(), system.release);
}

}  // namespace

Result<node::ClientSetup> make_client_setup(Runtime& runtime, const options::Config& config,
                                            const options::Connection& connection,
                                            node::Identity* identity) {
  if (identity == nullptr) {
    return node::make_static_setup(config, connection, process_facts(runtime), runtime.store);
  }
  auto setup = node::make_client_setup(
      config, connection, {*identity, runtime.rng, title(), process_facts(runtime)}, runtime.store);
  if (!setup) return setup;
  auto info = wire::PeerInfo::parse(setup->session.peer_info);
  for (auto& [name, value] : details(runtime, config)) info.add(name, value);
  setup->session.peer_info = info.text();
  return setup;
}

}  // namespace adit::app
