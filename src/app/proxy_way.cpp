#include "app/proxy_way.h"

#include <array>
#include <cerrno>
#include <sys/socket.h>

#include "app/outside.h"
#include "app/proxy_login.h"
#include "proxy/http_dialogue.h"
#include "proxy/socks_dialogue.h"
#include "system/kernel_error.h"

namespace adit::app {

namespace {

constexpr std::size_t most_at_once = 2048;

proxy::HttpSettings http_settings(const options::Connection& connection) {
  using Wanted = options::HttpProxy::Method;
  using Method = proxy::HttpSettings::Method;
  const options::HttpProxy& said = *connection.http_proxy;
  proxy::HttpSettings settings;
  settings.host = connection.remote;
  settings.port = connection.remote_port;
  settings.version = said.version;
  settings.user_agent = said.user_agent;
  settings.headers = said.headers;
  settings.automatic = said.automatic;
  settings.clear_passwords = said.clear_passwords;
  if (said.method == Wanted::basic) settings.method = Method::basic;
  if (said.method == Wanted::ntlm2) settings.method = Method::ntlm2;
  return settings;
}

// A dialogue's words fit into an empty socket; one that does not take them whole is given up.
bool send_at_once(int socket, std::string_view bytes) {
  const auto sent = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent == static_cast<ssize_t>(bytes.size());
}

bool nothing_came(int error) { return system::would_block(error) || error == EINTR; }

// What belongs to the dialogue is taken from the socket, and nothing else.
void take_from(int socket, proxy::Dialogue& dialogue) {
  std::array<std::uint8_t, most_at_once> room;
  const ssize_t there = recv(socket, room.data(), room.size(), MSG_PEEK | MSG_DONTWAIT);
  if (there < 0 && nothing_came(errno)) return;
  if (there <= 0) return dialogue.lost(proxy::Dialogue::Loss::closed);
  const std::size_t taken = dialogue.take(Bytes(room).first(static_cast<std::size_t>(there)));
  static_cast<void>(recv(socket, room.data(), taken, MSG_DONTWAIT));
}

tl::unexpected<Error> told() { return fail_with({}); }

}  // namespace

RelayKeeper::RelayKeeper(system::Loop& loop, system::Fd connection, std::function<void()> on_end)
    : loop_(loop), connection_(std::move(connection)), on_end_(std::move(on_end)) {
  const Status watched =
      loop_.watch(connection_.get(), system::ready::to_read, [this](unsigned) { look(); });
  static_cast<void>(watched);  // without it the end is noticed by the silence that follows
}

RelayKeeper::~RelayKeeper() { loop_.unwatch(connection_.get()); }

void RelayKeeper::look() {
  std::array<std::uint8_t, most_at_once> room;
  const ssize_t count = recv(connection_.get(), room.data(), room.size(), MSG_DONTWAIT);
  if (count > 0 || (count < 0 && nothing_came(errno))) return;
  loop_.unwatch(connection_.get());  // a reset would be told of again in every turn
  on_end_();
}

void ProxyWay::tell(proxy::Dialogue& dialogue) {
  for (const proxy::Line& line : dialogue.take_lines()) {
    runtime_.log.info(line.verb, "{}", line.text);
  }
}

bool ProxyWay::talk(int socket, proxy::Dialogue& dialogue, Instant until) {
  using State = proxy::Dialogue::State;
  const auto step = [&] {
    tell(dialogue);
    const std::string output = dialogue.take_output();
    const bool goes_on = dialogue.state() == State::talking;
    if (goes_on && !output.empty() && !send_at_once(socket, output)) {
      dialogue.lost(proxy::Dialogue::Loss::closed);
      tell(dialogue);
    }
  };
  dialogue.begin();
  step();
  const Status watched = runtime_.loop->watch(socket, system::ready::to_read, [&](unsigned) {
    if (dialogue.state() != State::talking) return;
    take_from(socket, dialogue);
    step();
  });
  if (!watched) {
    runtime_.log.error("{}", watched.error().text());
    return false;
  }
  const bool undisturbed = runtime_.wait([&] { return dialogue.state() != State::talking; }, until);
  runtime_.loop->unwatch(socket);
  if (undisturbed && dialogue.state() == State::talking) {
    dialogue.lost(proxy::Dialogue::Loss::silent);
    tell(dialogue);
  }
  return undisturbed && dialogue.state() != State::failed;
}

tl::unexpected<Error> ProxyWay::cannot_ask(const Error& error) {
  if (!runtime_.signal) {
    runtime_.log.fatal("{}", error.text());
    runtime_.raise({SIGTERM, false, "proxy-user-pass", 1});
  }
  return told();
}

// Stock remembers them, wrong or not, unless told "auth-nocache".
Status ProxyWay::give_http_credentials(const options::HttpProxy& proxy, proxy::Dialogue& dialogue) {
  if (!dialogue.needs_credentials()) return {};
  auto& known = remembered_.http_proxy;
  if (!known) {
    auto asked = proxy_credentials(runtime_, config_, proxy.credentials, "HTTP Proxy");
    if (!asked) return cannot_ask(asked.error());
    known = std::move(*asked);
  }
  dialogue.give(*known);
  if (config_.client.auth_nocache) known.reset();
  return {};
}

Status ProxyWay::give_socks_credentials(const options::SocksProxy& proxy,
                                        proxy::Dialogue& dialogue) {
  if (!dialogue.needs_credentials()) return {};
  auto asked = proxy_credentials(runtime_, config_, proxy.credentials, "SOCKS Proxy");
  if (!asked) return cannot_ask(asked.error());
  dialogue.give(std::move(*asked));
  return {};
}

Result<system::Fd> ProxyWay::by_http(const options::Connection& connection,
                                     const Connect& connect) {
  const options::HttpProxy& said = *connection.http_proxy;
  proxy::HttpDialogue dialogue(http_settings(connection), runtime_.rng, runtime_.loop->wall());
  for (;;) {
    if (said.method != options::HttpProxy::Method::none) {
      if (Status given = give_http_credentials(said, dialogue); !given) {
        return fail_with(given.error());
      }
    }
    auto socket = connect();
    if (!socket) return socket;
    if (Status given = give_http_credentials(said, dialogue); !given) {
      return fail_with(given.error());
    }
    const Instant until = runtime_.loop->now() + connection.server_poll_timeout;
    if (!talk(socket->get(), dialogue, until)) return told();
    if (dialogue.state() == proxy::Dialogue::State::through) return socket;
  }
}

Result<system::Fd> ProxyWay::by_socks(const options::Connection& connection,
                                      const Connect& connect) {
  const auto port = port_number(connection.remote_port, "the remote port");
  if (!port) return fail_with(port.error());
  proxy::SocksDialogue dialogue(
      {connection.remote, *port, false, connection.socks_proxy->credentials.defined()});
  return talk_socks(connection, dialogue, connect);
}

Result<ProxyWay::Relay> ProxyWay::relay_by_socks(const options::Connection& connection,
                                                 const ip::Address& proxy, const Connect& connect) {
  proxy::SocksDialogue dialogue({{}, 0, true, connection.socks_proxy->credentials.defined()});
  auto socket = talk_socks(connection, dialogue, connect);
  if (!socket) return fail_with(socket.error());
  ip::Endpoint relay = dialogue.relay().value_or(ip::Endpoint());
  if (relay.address.is_unspecified()) relay.address = proxy;
  return Relay{relay, std::move(*socket)};
}

Result<system::Fd> ProxyWay::talk_socks(const options::Connection& connection,
                                        proxy::Dialogue& dialogue, const Connect& connect) {
  auto socket = connect();
  if (!socket) return socket;
  if (Status given = give_socks_credentials(*connection.socks_proxy, dialogue); !given) {
    return fail_with(given.error());
  }
  const Instant until = runtime_.loop->now() + connection.server_poll_timeout;
  if (!talk(socket->get(), dialogue, until)) return told();
  return socket;
}

}  // namespace adit::app
