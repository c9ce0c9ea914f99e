#include "app/client_remotes.h"

#include <algorithm>

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
      walk_(remotes_of(config), config.remotes.random, runtime.rng) {}

bool ClientRemotes::choose() {
  using Answer = management::RemoteQuestion::Answer;
  if (std::exchange(moved_, std::nullopt)) walk_.set_addresses({});
  if (!runtime_.management) return true;
  if (!config_.management.query_remote) {
    return !config_.management.query_proxy ||
           managed_.ask_proxy(walk_.connection(), walk_.position() + 1);
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
  if (runtime_.kill_switch) return take_known();
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
    tell_not_found(answer ? answer->error() : Error{"no answer in time", {}});
    return false;
  }
  walk_.set_addresses(**answer);
  return walk_.has_address();
}

// With the kill switch nobody can be asked any more.
bool ClientRemotes::take_known() {
  const options::Connection& wanted = connection();
  walk_.set_addresses(runtime_.kill_switch->addresses(wanted.remote, wanted.proto.family));
  if (walk_.has_address()) return true;
  tell_not_found({"kill-switch: its address was not looked up before", {}});
  return false;
}

void ClientRemotes::tell_not_found(const Error& error) {
  const options::Connection& wanted = connection();
  std::string_view why = error.what;
  const std::string known = "cannot resolve " + wanted.remote + ": ";
  if (why.starts_with(known)) why.remove_prefix(known.size());
  runtime_.log.error("{}", node::lines::cannot_resolve(wanted.remote, wanted.remote_port, why));
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
