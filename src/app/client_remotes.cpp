#include "app/client_remotes.h"

#include <algorithm>
#include <array>

#include "app/kill_switch.h"
#include "app/management_host.h"
#include "node/lines.h"

namespace adit::app {

namespace {
constexpr auto resolve_retry_pause = std::chrono::seconds(5);
constexpr unsigned most_skipped = 1000;
}  // namespace

std::vector<options::Connection> remotes_of(const options::Config& config) {
  if (config.remotes.list.empty()) return {config.connection};
  std::vector<options::Connection> wanted;
  for (const options::Connection& connection : config.remotes.list) {
    const auto& force = config.remotes.proto_force;
    if (force && force->is_tcp() != connection.proto.is_tcp()) continue;
    wanted.push_back(connection);
  }
  if (wanted.empty()) wanted = config.remotes.list;
  return wanted;
}

ClientRemotes::ClientRemotes(Runtime& runtime, const options::Config& config,
                             ManagedClient& managed, Remembered& remembered)
    : runtime_(runtime),
      config_(config),
      managed_(managed),
      remembered_(remembered),
      resolver_(*runtime.loop),
      walk_(remembered.remotes
                ? *remembered.remotes
                : node::RemoteWalk(remotes_of(config), config.remotes.random, runtime.rng)) {}

const std::string& first_port(const options::Connection& connection) {
  if (connection.http_proxy) return connection.http_proxy->port;
  if (connection.socks_proxy) return connection.socks_proxy->port;
  return connection.remote_port;
}

const std::string& first_host(const options::Connection& connection) {
  if (connection.http_proxy) return connection.http_proxy->host;
  if (connection.socks_proxy) return connection.socks_proxy->host;
  return connection.remote;
}

bool ClientRemotes::choose() {
  using Answer = management::RemoteQuestion::Answer;
  if (std::exchange(moved_, std::nullopt)) walk_.set_addresses({});
  if (!runtime_.management || !runtime_.management->can_ask()) return true;
  if (!config_.management.query_remote) {
    if (!config_.management.query_proxy) return true;
    const auto answer = managed_.ask_proxy(walk_.connection(), walk_.position() + 1);
    if (answer) use_proxy(*answer);
    return answer.has_value();
  }
  while (!walk_.connection().remote.empty()) {
    const auto answer = managed_.ask_remote(walk_.connection());
    if (!answer) return false;
    if (answer->answer == Answer::modify) {
      moved_ = walk_.connection();
      moved_->remote = answer->host;
      moved_->remote_port = answer->port;
      walk_.set_addresses({});
    }
    if (answer->answer != Answer::skip) return true;
    pass_over(answer->skipped);
  }
  return true;
}

// What is configured stays where the manager names none.
void ClientRemotes::use_proxy(const management::ProxyQuestion& answer) {
  using Kind = management::ProxyQuestion::Kind;
  if (answer.kind == Kind::none) return;
  moved_ = walk_.connection();
  walk_.set_addresses({});
  if (answer.kind == Kind::socks) {
    moved_->http_proxy.reset();
    auto& proxy = moved_->socks_proxy ? *moved_->socks_proxy : moved_->socks_proxy.emplace();
    proxy.host = answer.proxy_host;
    proxy.port = answer.proxy_port;
    if (!moved_->proto.is_tcp()) moved_->proto.family = ip::Family::v4;
    return;
  }
  moved_->socks_proxy.reset();
  auto& proxy = moved_->http_proxy ? *moved_->http_proxy : moved_->http_proxy.emplace();
  proxy.host = answer.proxy_host;
  proxy.port = answer.proxy_port;
  proxy.automatic = true;
  proxy.clear_passwords = answer.clear_passwords;
}

// Where the tunnel was up its name may lead elsewhere now: the network may be another.
void ClientRemotes::keep_place(bool tried, bool succeeded) {
  if (tried) walk_.move_on(succeeded, wire::AuthFailed::Advance::default_);
  if (succeeded) walk_.set_addresses({});
  remembered_.remotes = walk_;
}

void ClientRemotes::pass_over(unsigned count) {
  for (unsigned step = 0; step < std::min(count, most_skipped); ++step) {
    walk_.move_on(true, wire::AuthFailed::Advance::remote);
  }
}

std::optional<node::Outcome> ClientRemotes::find() {
  if (connection().remote.empty() || walk_.has_address()) return std::nullopt;
  if (resolve()) return std::nullopt;
  return not_resolved();
}

std::optional<ip::Address> ClientRemotes::address() const {
  if (connection().remote.empty()) return std::nullopt;
  return walk_.address();
}

bool ClientRemotes::resolve() {
  const options::Connection& wanted = connection();
  const std::string& host = first_host(wanted);
  if (remembered_.known_address && remembered_.known_remote == host) {
    walk_.set_addresses({*remembered_.known_address});
    remembered_.known_address.reset();  // known again once it has answered
    return walk_.has_address();
  }
  const bool proxied = &host != &wanted.remote;
  const auto family = proxied ? std::nullopt : wanted.proto.family;
  const auto found = look_up(proxied ? host : named(host), first_port(wanted), family);
  if (!found) return false;
  walk_.set_addresses(*found);
  return walk_.has_address();
}

std::optional<ip::Address> ClientRemotes::find_behind() {
  const options::Connection& wanted = connection();
  const auto found = look_up(named(wanted.remote), wanted.remote_port, ip::Family::v4);
  return found && !found->empty() ? std::optional(found->front()) : std::nullopt;
}

// "remote-random-hostname": with a label that nobody has asked for, so that no cache answers.
std::string ClientRemotes::named(const std::string& host) {
  if (!config_.remotes.random_hostname || runtime_.kill_switch) return host;
  if (ip::Address::parse(host)) {
    runtime_.log.warn(
        "WARNING: ignoring --remote-random-hostname because the hostname is an IP address");
    return host;
  }
  std::array<std::uint8_t, 6> label;
  runtime_.rng.fill(label);
  return to_hex(label) + "." + host;
}

std::optional<ClientRemotes::Addresses> ClientRemotes::look_up(const std::string& host,
                                                               const std::string& port,
                                                               std::optional<ip::Family> family) {
  if (runtime_.kill_switch) return take_known(host, port, family);
  if (!ip::Address::parse(host)) tell_state(runtime_, {"RESOLVE"});
  std::optional<Result<Addresses>> answer;
  resolver_.resolve(host, family, [&](Result<Addresses> result) { answer = std::move(result); });
  const auto& retry = config_.remotes.resolve_retry;
  const Instant limit =
      retry && retry->count() > 0 ? runtime_.loop->now() + *retry : Instant::max();
  const bool undisturbed = runtime_.wait([&] { return answer.has_value(); }, limit);
  resolver_.cancel();
  if (!undisturbed) return std::nullopt;
  if (answer && *answer) return **answer;
  tell_not_found(host, port, answer ? answer->error() : Error{"no answer in time", {}});
  return std::nullopt;
}

// With the kill switch nobody can be asked any more.
std::optional<ClientRemotes::Addresses> ClientRemotes::take_known(
    const std::string& host, const std::string& port, std::optional<ip::Family> family) {
  Addresses known = runtime_.kill_switch->addresses(host, family);
  if (!known.empty()) return known;
  tell_not_found(host, port, {"kill-switch: its address was not looked up before", {}});
  return std::nullopt;
}

void ClientRemotes::tell_not_found(const std::string& host, const std::string& port,
                                   const Error& error) {
  std::string_view why = error.what;
  const std::string known = "cannot resolve " + host + ": ";
  if (why.starts_with(known)) why.remove_prefix(known.size());
  runtime_.log.error("{}", node::lines::cannot_resolve(host, port, why));
  if (!error.advice.empty()) runtime_.log.error("{}", error.advice);
}

node::Outcome ClientRemotes::not_resolved() const {
  node::Outcome outcome;
  if (runtime_.signal) return outcome;  // which is looked at first
  runtime_.log.error("{}", node::lines::no_protocol);
  outcome.signal = "SIGUSR1";
  outcome.text = node::lines::no_protocol;
  outcome.advance = wire::AuthFailed::Advance::remote;
  const auto& retry = config_.remotes.resolve_retry;
  if (!retry || retry->count() != 0) outcome.backoff = resolve_retry_pause;
  return outcome;
}

std::optional<unsigned> ClientRemotes::rounds_in_vain() const {
  const auto& most = walk_.connection().connect_retry_rounds;
  const bool reached = most && *most > 0 && walk_.fruitless_rounds() >= *most;
  return reached ? most : std::nullopt;
}

}  // namespace adit::app
