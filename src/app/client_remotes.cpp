#include "app/client_remotes.h"

#include <algorithm>

#include "app/management_host.h"

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
      walk_(remotes_of(config), config.remotes.random, runtime.rng) {}

bool ClientRemotes::choose() {
  using Answer = management::RemoteQuestion::Answer;
  if (std::exchange(moved_, std::nullopt)) walk_.set_addresses({});
  if (!runtime_.management || !config_.management.query_remote) return true;
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
  if (remembered_.known_address && remembered_.known_remote == wanted.remote) {
    walk_.set_addresses({*remembered_.known_address});
    remembered_.known_address.reset();  // known again once it has answered
    return walk_.has_address();
  }
  if (!ip::Address::parse(wanted.remote)) tell_state(runtime_, {"RESOLVE"});
  std::optional<Result<std::vector<ip::Address>>> answer;
  resolver_.resolve(wanted.remote, wanted.proto.family,
                    [&](Result<std::vector<ip::Address>> result) { answer = std::move(result); });
  const auto& retry = config_.remotes.resolve_retry;
  const Instant limit =
      retry && retry->count() > 0 ? runtime_.loop->now() + *retry : Instant::max();
  const bool undisturbed = runtime_.wait([&] { return answer.has_value(); }, limit);
  resolver_.cancel();
  if (!undisturbed) return false;
  if (!answer || !*answer) {
    runtime_.log.error("RESOLVE: Cannot resolve host address: {}:{} ({})", wanted.remote,
                       wanted.remote_port, answer ? answer->error().text() : "no answer in time");
    return false;
  }
  walk_.set_addresses(**answer);
  return walk_.has_address();
}

node::Outcome ClientRemotes::not_resolved() const {
  node::Outcome outcome;
  if (runtime_.signal) return outcome;  // which is looked at first
  runtime_.log.error("Could not determine IPv4/IPv6 protocol");
  outcome.signal = "SIGUSR1";
  outcome.text = "Could not determine IPv4/IPv6 protocol";
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
