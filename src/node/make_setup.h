#pragma once

#include "node/client.h"
#include "node/server.h"

namespace adit::node {

// From a completed configuration to what the shells need. Keys and files are loaded by the caller
// where they need a store; everything else is derived here.

struct SetupContext {
  tls::TlsFactory& tls;
  Rng& rng;
  std::string title;  // first line of --version
  ProcessFacts process;
  // With which a server signs tokens where no secret is configured. It outlives the setup, so that
  // tokens stay good over a reload and a restart; nullptr: nothing has to.
  std::optional<crypto::AuthTokenKey>* random_token_key = nullptr;
};

[[nodiscard]] Result<ServerSetup> make_server_setup(const options::Config& config,
                                                    const SetupContext& context,
                                                    ports::StorePort& store);
[[nodiscard]] Result<ClientSetup> make_client_setup(const options::Config& config,
                                                    const options::Connection& connection,
                                                    const SetupContext& context,
                                                    ports::StorePort& store);

// One end of a tunnel without TLS ("secret").
[[nodiscard]] Result<ClientSetup> make_static_setup(const options::Config& config,
                                                    const options::Connection& connection,
                                                    const ProcessFacts& process,
                                                    ports::StorePort& store);

// Extra peer info of push-peer-info.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> detailed_peer_info(
    const options::Config& config, const std::string& hardware_address, const std::string& ssl,
    const std::string& platform);

// The server's own side of the tunnel: gateways for its route lines.
void fill_server_gateways(const options::Config& config, RouteFacts& facts);

}  // namespace adit::node
