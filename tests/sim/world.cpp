#include "tests/sim/world.h"

#include <algorithm>
#include <array>

#include "ip/checksum.h"
#include "ip/inner_packet.h"
#include "node/make_setup.h"
#include "options/parser.h"
#include "wire/data_header.h"

namespace adit::sim {

namespace {

std::string text_of(Bytes bytes) { return std::string(as_text(bytes)); }

// An IPv4 UDP packet with a body that occurs only once.
Buffer inner_packet(const ip::Address& from, const ip::Address& to, SeededRng& rng) {
  Buffer packet(28 + 16 + rng.below(200));
  rng.fill(MutableBytes(packet).subspan(28));
  packet[0] = 0x45;
  store_u16(&packet[2], static_cast<std::uint16_t>(packet.size()));
  packet[8] = 64;
  packet[9] = 17;
  std::ranges::copy(from.bytes(), packet.begin() + 12);
  std::ranges::copy(to.bytes(), packet.begin() + 16);
  store_u16(&packet[10], ip::checksum_fold(ip::checksum_add(0, Bytes(packet).first(20))));
  return packet;
}

node::Wrapping wrapping_for(World& world, bool server) {
  const Wrap wrap = world.terms().wrap;
  node::Wrapping made = shared_wrapping(wrap, server, world.static_key);
  if (wrap != Wrap::tls_crypt_v2) return made;
  if (server) {
    made.v2_server = world.v2_key;
  } else {
    made.v2_client = *world.v2_key.wrap(crypto::StaticKey::generate(world.rng()),
                                        crypto::timestamp_metadata(world.wall()));
  }
  return made;
}

void agree(const Terms& terms, options::Config& config, session::Setup& session,
           session::Offer& offer) {
  config.channel.data_ciphers = {terms.cipher};
  config.channel.auth = terms.auth;
  config.connection.explicit_exit_notify = terms.exit_notify;
  session.reneg = terms.reneg;
  session.reneg_min = terms.reneg - terms.reneg / 10;
  session.tran_window = terms.tran_window;
  session.options = "V4,dev-type tun,link-mtu 1549,tun-mtu 1500,proto UDPv4";
  offer = node::make_offer(config);
  offer.epoch = terms.epoch;
  offer.key_export = terms.key_export;
}

}  // namespace

// ---- invariants ----

void Invariants::sealed(const std::string& sender, Bytes key_material, Bytes packet) {
  const auto header = wire::decode_data_header(packet);
  if (!header) return;
  const Bytes id =
      packet.subspan(header->size(), std::min<std::size_t>(8, packet.size() - header->size()));
  std::string nonce = sender.substr(0, 6) + text_of(key_material) + text_of(id);
  if (!nonces_.insert(std::move(nonce)).second) {
    violations_.push_back(sender + " used a nonce twice: " + to_hex(packet.first(16)));
  }
}

void Invariants::inside_sent(Bytes packet) { sent_.insert(text_of(packet)); }

void Invariants::inside_received(const std::string& receiver, Bytes packet) {
  std::string text = text_of(packet);
  if (!sent_.contains(text)) {
    violations_.push_back(receiver + " got a packet nobody sent: " + to_hex(packet));
  }
  if (!received_.insert(std::move(text)).second) {
    violations_.push_back(receiver + " got a packet twice");
  }
}

void Invariants::deadline_of(const std::string& who, const session::Association& association) {
  if (association.active().failed()) return;
  if (association.deadline().at == Instant::max()) {
    violations_.push_back(who + " has a session without a deadline");
  }
}

// ---- hosts ----

Host::Host(World& world, std::string name, const ip::Endpoint& at)
    : world_(world),
      name_(std::move(name)),
      at_(at),
      log_(name_),
      link_([this](Bytes datagram, const ports::LinkAddress& to) { send(datagram, to); }) {
  network_.routes.push_back(
      {*ip::Prefix::parse("0.0.0.0/0"), ip::Address::parse_v4("192.0.2.1"), "eth0", {}, 0});
}

void Host::make_plane(const plane::PlaneSetup& setup) {
  plane_ = std::make_unique<plane::DataPlane>(
      setup, plane::DataPlane::Surroundings{{{tun_, link_, bell_, bell_}}, bell_, world_.rng()});
}

void Host::turn_lanes() {
  log_.at(world_.now());
  while (plane_->down().turn(world_.now())) {
  }
  while (plane_->up().turn(world_.now(), world_.wall())) {
  }
  for (; !tun_.from_tunnel.empty(); tun_.from_tunnel.pop_front()) {
    if (took_icmp(tun_.from_tunnel.front())) continue;
    world_.invariants().inside_received(name_, tun_.from_tunnel.front());
    ++received_;
  }
}

// No user of this world sends ICMP: it is for the host's kernel. It answers echo requests, by which
// the other end measures the path when its questions are lost.
bool Host::took_icmp(Bytes packet) {
  constexpr std::uint8_t protocol_icmp = 1;
  if (packet.size() <= 20 || packet[0] != 0x45 || packet[9] != protocol_icmp) return false;
  if (auto answer = echo_answer(packet)) tun_.to_tunnel.push_back(std::move(*answer));
  return true;
}

void Host::send(Bytes datagram, const ports::LinkAddress& to) {
  const auto head = wire::parse_head(datagram[0]);
  if (head && wire::is_data(head->opcode)) {
    world_.invariants().sealed(name_, key_of(datagram), datagram);
  }
  world_.wire().send(datagram, at_, to.remote, world_.now());
}

void Host::arrive(const Wire::Flight& flight) {
  ports::LinkAddress from;
  from.remote = flight.from;
  link_.arrive(flight.datagram, from);
}

void Host::send_inside(const ip::Address& from, const ip::Address& to) {
  Buffer packet = inner_packet(from, to, world_.rng());
  world_.invariants().inside_sent(packet);
  tun_.to_tunnel.push_back(std::move(packet));
}

// ---- server ----

ServerHost::ServerHost(World& world, const ip::Endpoint& at)
    : Host(world, "server", at), tls_(true, "server", world.rng()) {
  const Terms& terms = world.terms();
  setup_.config.mode = options::Mode::server;
  agree(terms, setup_.config, setup_.session, setup_.offer);
  setup_.config.server.max_clients = 1000;
  setup_.session.tls_server = true;
  setup_.session.exchange = session::Exchange::pushing;
  setup_.session.tls = &tls_;
  setup_.session.rng = &world.rng();
  setup_.mtu.automatic = true;
  setup_.wrapping = wrapping_for(world, true);
  setup_.pool.topology = setup_.facts.topology = terms.topology;
  setup_.pool.first4 = ip::Address::parse_v4("10.8.0.4");
  setup_.pool.last4 = ip::Address::parse_v4("10.8.15.251");
  setup_.facts.local4 = ip::Address::parse_v4("10.8.0.1");
  setup_.facts.netmask4_length = 20;
  setup_.facts.push = {
      terms.topology == options::Topology::subnet ? "topology subnet" : "topology net30",
      "route-gateway 10.8.0.1", "ping 10", "ping-restart 60"};
  setup_.config.timers.ping = 10s;
  setup_.config.timers.ping_restart = 120s;
  start();
}

void ServerHost::give_file(const std::string& client, const std::string& text) {
  setup_.config.server.ccd = "ccd";
  store_.files["ccd/" + client] = text;
}

node::ServerSetup ServerHost::setup_of(const std::string& text) {
  auto config = options::load_text(text, "server.conf");
  ADIT_ASSERT(config.has_value());
  auto setup = node::make_server_setup(
      *config, {tls_, world_.rng(), "adit", {1, world_.wall()}, &random_token_key_}, store_);
  ADIT_ASSERT(setup.has_value());
  return std::move(*setup);
}

void ServerHost::configure(const std::string& text) {
  setup_ = setup_of(text);
  start();
}

void ServerHost::reconfigure(const std::string& text) {
  setup_ = setup_of(text);
  server_->reconfigure(world_.now());
}

void ServerHost::let_manager_decide(int script_status) {
  setup_.config.management.address = "m.sock";
  setup_.config.management.client_auth = true;
  setup_.config.scripts.auth_user_pass_verify.words = {"check"};
  setup_.config.scripts.security = 2;
  processes_.status = [script_status](const ports::Command&) { return script_status; };
  start();
}

void ServerHost::use_scripts(const options::Scripts& scripts,
                             std::function<int(const ports::Command&)> answer) {
  setup_.config.scripts = scripts;
  setup_.config.scripts.security = 2;
  processes_.status = std::move(answer);
  start();
}

MemoryPlugins& ServerHost::use_plugins(std::set<ports::PluginEvent> wanted) {
  plugins_.wanted = std::move(wanted);
  start();
  return plugins_;
}

void ServerHost::revoke(const std::string& client, unsigned serial) {
  tls_.revoke(client, serial);
  server_->end_revoked(world_.now());
}

void ServerHost::start() {
  plane::PlaneSetup plane;
  plane.server = true;
  plane.most_peers = 1000;
  server_.reset();
  make_plane(plane);
  server_ = std::make_unique<node::Server>(
      setup_,
      node::Server::Surroundings{*plane_, link_, processes_, store_, world_.rng(), &plugins_},
      Log(log_), world_.now(), world_.wall());
}

void ServerHost::turn() {
  log_.at(world_.now());
  processes_.deliver();
  plugins_.deliver();
  turn_lanes();
  server_->turn(world_.now(), world_.wall());
  turn_lanes();
  for (const auto& [index, peer] : server_->peers()) {
    world_.invariants().deadline_of(name_ + " " + peer->name(), peer->association);
  }
}

Instant ServerHost::deadline() const { return server_->deadline().at; }

void ServerHost::crash() { start(); }

void ServerHost::hand_over(unsigned id_leap) {
  const Buffer carried = server_->carry(world_.now());
  start();
  const Status resumed = server_->resume(carried, id_leap, world_.now(), world_.wall());
  ADIT_ASSERT(resumed.has_value());
}

namespace {

Buffer material_of(session::Association& association, Bytes packet, Instant now) {
  const auto snapshot = association.active().snapshot(now);
  const auto header = wire::decode_data_header(packet);
  if (!snapshot || !header) return {};
  if (snapshot->key.key_id == header->key_id) return to_buffer(snapshot->key.material.bytes());
  if (snapshot->older && snapshot->older->key_id == header->key_id) {
    return to_buffer(snapshot->older->material.bytes());
  }
  return {};
}

}  // namespace

Buffer ServerHost::key_of(Bytes packet) {
  const auto header = wire::decode_data_header(packet);
  const auto found = server_->peers().find(header->peer_id);
  if (found == server_->peers().end()) return {};
  return material_of(found->second->association, packet, world_.now());
}

// ---- client ----

ClientHost::ClientHost(World& world, std::string name, const ip::Endpoint& at,
                       const ip::Endpoint& server)
    : Host(world, name, at), tls_(false, name, world.rng()), server_(server) {
  agree(world.terms(), setup_.config, setup_.session, setup_.offer);
  setup_.config.client.pull = true;
  setup_.config.device.topology = options::Topology::net30;
  setup_.config.timers.ping_restart = std::chrono::seconds(120);
  setup_.connection = setup_.config.connection;
  setup_.session.exchange = session::Exchange::pulling;
  setup_.session.tls = &tls_;
  setup_.session.rng = &world.rng();
  setup_.session.peer_info =
      session::own_peer_info(setup_.offer, session::client_proto(setup_.offer), 1600).text();
  setup_.mtu.automatic = true;
  setup_.wrapping = wrapping_for(world, false);
  if (world.terms().log_in) memory_.credentials = {name, SecretText("secret")};
  hooks_ = std::make_unique<node::Hooks>(setup_.config.scripts, node::Environment(), processes_,
                                         Log(log_), &plugins_);
  tunnel_ = std::make_unique<node::Tunnel>(device_, network_, Log(log_));
  start_at_ = world.now();
}

void ClientHost::start() {
  ++attempts_;
  start_at_ = Instant::max();
  client_.reset();
  make_plane({});
  ports::LinkAddress remote;
  remote.remote = server_;
  client_ = std::make_unique<node::Client>(
      setup_, memory_, node::Client::Surroundings{*plane_, link_, *tunnel_, *hooks_, world_.rng()},
      Log(log_), remote, world_.now(), world_.wall());
}

void ClientHost::turn() {
  log_.at(world_.now());
  if (left_) return;
  if (start_at_ <= world_.now()) start();
  if (!client_) return;
  processes_.deliver();
  plugins_.deliver();
  turn_lanes();
  client_->turn(world_.now(), world_.wall());
  turn_lanes();
  if (client_->association() != nullptr) {
    world_.invariants().deadline_of(name_, *client_->association());
  }
  if (client_->outcome()) {
    ended_ = client_->outcome();
    if (ended_->next == node::Outcome::Next::exit) say_goodbye();
    client_.reset();
    at_.port = static_cast<std::uint16_t>(at_.port + 1);  // a new socket
    start_at_ = world_.now() + 1s;
  }
}

Instant ClientHost::deadline() const {
  if (left_) return Instant::max();
  return client_ ? std::min(start_at_, client_->deadline().at) : start_at_;
}

const char* ClientHost::why() const { return client_ ? client_->deadline().why : "start"; }

void ClientHost::arrive(const Wire::Flight& flight) {
  if (client_) Host::arrive(flight);
}

void ClientHost::crash() {
  client_.reset();
  at_.port = static_cast<std::uint16_t>(at_.port + 1);
  start_at_ = world_.now() + 1s;
}

void ClientHost::leave() {
  say_goodbye();
  left_ = true;
}

void ClientHost::say_goodbye() {
  if (client_) static_cast<void>(client_->announce_end(world_.now()));
  if (plane_) turn_lanes();
}

std::optional<ip::Address> ClientHost::tunnel_address() const {
  if (network_.addresses.empty()) return std::nullopt;
  return network_.addresses.front().second.address;
}

std::uint8_t ClientHost::key_id() {
  if (!client_ || client_->association() == nullptr) return 0;
  return client_->association()->active().key_id();
}

Buffer ClientHost::key_of(Bytes packet) {
  if (!client_ || client_->association() == nullptr) return {};
  return material_of(*client_->association(), packet, world_.now());
}

// ---- world ----

World::World(std::uint64_t seed, const Terms& terms)
    : static_key(), v2_key(), terms_(terms), rng_(seed), wire_(rng_) {
  static_key = crypto::StaticKey::generate(rng_);
  v2_key = crypto::TlsCryptV2ServerKey::generate(rng_);
}

ServerHost& World::add_server() {
  server_ = std::make_unique<ServerHost>(
      *this, ip::Endpoint{*ip::Address::parse("198.51.100.2"), 1194, 0});
  return *server_;
}

ClientHost& World::add_client() {
  const auto n = static_cast<std::uint32_t>(clients_.size());
  const ip::Endpoint at{ip::Address::v4(0xCB007100u + n), static_cast<std::uint16_t>(40000 + n), 0};
  clients_.push_back(
      std::make_unique<ClientHost>(*this, "client" + std::to_string(n + 1), at, server_->at()));
  return *clients_.back();
}

bool World::run_until(const std::function<bool()>& condition, Duration limit) {
  const Instant end = now_ + limit;
  if (traffic_ > Duration::zero() && next_traffic_ == Instant::max()) next_traffic_ = now_;
  settle();
  while (!condition() && invariants_.violations().empty()) {
    if (now_ >= end) return false;
    step(end);
  }
  return true;
}

void World::step(Instant limit) {
  Instant next = std::min({wire_.next(), server_->deadline(), next_traffic_, limit});
  for (const auto& client : clients_) next = std::min(next, client->deadline());
  now_ = std::max(next, now_ + 1us);
  constexpr std::uint64_t most_steps = 500'000;
  if (++steps_ == most_steps) {  // a timer that never moves on
    std::string what =
        std::string("the world does not come to rest: server ") + server_->server().deadline().why;
    for (const auto& client : clients_)
      what += std::string(", ") + client->name() + " " + client->why();
    invariants_.restless(what);
  }
  while (auto flight = wire_.arrived(now_)) {
    if (flight->to == server_->at()) {
      server_->arrive(*flight);
      continue;
    }
    for (const auto& client : clients_) {
      if (flight->to == client->at()) client->arrive(*flight);
    }
  }
  if (next_traffic_ <= now_) make_traffic();
  settle();
}

void World::settle() {
  server_->turn();
  for (const auto& client : clients_) client->turn();
}

void World::make_traffic() {
  next_traffic_ = traffic_ > Duration::zero() ? now_ + traffic_ : Instant::max();
  const ip::Address server = *ip::Address::parse("10.8.0.1");
  for (const auto& client : clients_) {
    const auto address = client->tunnel_address();
    if (!client->up() || !address) continue;
    client->send_inside(*address, server);
    server_->send_inside(server, *address);
  }
}

}  // namespace adit::sim
