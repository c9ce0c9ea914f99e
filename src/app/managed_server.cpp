#include "app/managed_server.h"

#include <algorithm>

#include "app/management_host.h"

namespace adit::app {

namespace {

// Newest first, as programs know it, but what is looked for most comes before everything.
management::Variables variables_of(const node::Environment& environment) {
  management::Variables out = environment.variables();
  std::ranges::reverse(out);
  std::stable_partition(out.begin(), out.end(), [](const auto& variable) {
    return variable.first == "n_clients" || variable.first == "password";
  });
  return out;
}

std::string event_of(const node::ServerNews& news) {
  using Kind = node::ServerNews::Kind;
  const std::string client = std::to_string(news.client);
  const std::string both = client + "," + std::to_string(news.key);
  switch (news.kind) {
    case Kind::connect:
      return "CONNECT," + both;
    case Kind::reauth:
      return "REAUTH," + both;
    case Kind::established:
      return "ESTABLISHED," + client;
    case Kind::address:
      return "ADDRESS," + client + "," + news.text;
    case Kind::disconnect:
      return "DISCONNECT," + client;
    case Kind::response:
      return "CR_RESPONSE," + both + "," + news.text;
  }
  return {};
}

}  // namespace

ManagedServer::ManagedServer(Runtime& runtime, node::Server& server)
    : runtime_(runtime), server_(server) {
  if (runtime_.management) runtime_.management->face().set_instance(this);
}

ManagedServer::~ManagedServer() {
  if (runtime_.management) runtime_.management->face().set_instance(nullptr);
}

void ManagedServer::tell_news() {
  if (!runtime_.management) return;
  for (const node::ServerNews& news : server_.take_news()) {
    runtime_.management->face().client_event(event_of(news), variables_of(news.environment));
    runtime_.management->flush_soon();
  }
}

std::string ManagedServer::status(int version) const {
  return node::render_server_status(server_.status(runtime_.loop->wall()), version);
}

management::Load ManagedServer::load() const {
  const node::LinkBytes bytes = server_.link_bytes();
  management::Load load{0, bytes.received, bytes.sent};
  for (const auto& [index, peer] : server_.peers()) load.clients += peer->let_in ? 1 : 0;
  return load;
}

std::vector<management::ByteCount> ManagedServer::byte_counts() const {
  std::vector<management::ByteCount> counts;
  for (const node::ClientRow& row : server_.status(runtime_.loop->wall()).clients) {
    counts.push_back({row.client_id, row.bytes_received, row.bytes_sent});
  }
  return counts;
}

std::size_t ManagedServer::kill_name(std::string_view name) {
  return server_.kill_clients(
      [name](const node::ServerPeer& peer) {
        return peer.common_name == name && peer.phase != node::ServerPeer::Phase::handshake;
      },
      runtime_.loop->now());
}

std::size_t ManagedServer::kill_address(std::string_view address, std::uint16_t port) {
  const auto wanted = ip::Address::parse_v4(address);
  if (!wanted) return 0;
  return server_.kill_clients(
      [&](const node::ServerPeer& peer) {
        return peer.address.remote.address == *wanted && peer.address.remote.port == port;
      },
      runtime_.loop->now());
}

bool ManagedServer::client_kill(std::uint64_t client, std::string_view message) {
  return server_.send_away(client, message, runtime_.loop->now());
}

bool ManagedServer::client_auth(std::uint64_t client, std::uint64_t key, const std::string& lines) {
  return server_.admit_client(client, key, lines, runtime_.loop->now());
}

bool ManagedServer::client_deny(std::uint64_t client, std::uint64_t key, std::string_view why,
                                std::string_view told) {
  return server_.deny_client(client, key, why, told, runtime_.loop->now());
}

std::size_t ManagedServer::push_update(std::optional<std::uint64_t> client,
                                       const std::vector<std::string>& options) {
  const Instant now = runtime_.loop->now();
  if (!client) return server_.update_clients(options, now);
  return server_.update_client(*client, options, now) ? 1 : 0;
}

bool ManagedServer::client_pending(std::uint64_t client, std::uint64_t key, std::string_view text,
                                   unsigned seconds) {
  return server_.postpone_client(client, key, text, std::chrono::seconds(seconds),
                                 runtime_.loop->now());
}

}  // namespace adit::app
