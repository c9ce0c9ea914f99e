#include "doctor/probe_session.h"

#include <algorithm>
#include <array>
#include <poll.h>

#include "doctor/wait.h"
#include "system/clock.h"

namespace adit::doctor {

namespace {

using namespace std::chrono_literals;

// A refused port may be one whose server is just starting.
constexpr Duration patience_after_refusal = 2s;
constexpr Duration patience_for_keys = 2s;
constexpr Duration time_to_settle = 100ms;

}  // namespace

Result<std::unique_ptr<ProbeSession>> ProbeSession::open(const node::ClientSetup& setup,
                                                         const session::Credentials& credentials,
                                                         const ip::Endpoint& server, Rng& rng) {
  auto socket = system::ClientSocket::open(server, setup.tcp);
  if (!socket) return fail_with(socket.error());
  if (!setup.tcp) socket->never_fragment();
  return std::unique_ptr<ProbeSession>(
      new ProbeSession(setup, credentials, server, rng, std::move(*socket)));
}

ProbeSession::ProbeSession(const node::ClientSetup& setup, const session::Credentials& credentials,
                           const ip::Endpoint& server, Rng& rng, system::ClientSocket socket)
    : server_(server),
      tcp_(setup.tcp),
      began_(system::monotonic_now()),
      client_(setup, credentials, rng, began_, system::wall_now()),
      socket_(std::move(socket)),
      heard_(began_) {
  client_.keep_inside();
}

void ProbeSession::connect(Duration patience) {
  using Phase = node::BareClient::Phase;
  while (client_.phase() == Phase::handshaking) {
    const Duration quiet =
        network_error_.empty() ? patience : std::min(patience, patience_after_refusal);
    const Instant give_up = heard_ + quiet;
    if (now() >= give_up || (tcp_ && !network_error_.empty())) return;
    turn(give_up);
  }
  // The keys come a moment after the server's options.
  const Instant until = now() + patience_for_keys;
  while (up() && !client_.session().send_key() && now() < until) turn(until);
  // The server's lanes learn of us while its answer travels.
  const Instant settled = now() + time_to_settle;
  while (up() && now() < settled) turn(settled);
}

void ProbeSession::settle(Duration since_up) {
  const Instant until = began_ + up_after_ + since_up;
  while (up() && now() < until) turn(until);
}

void ProbeSession::leave() {
  if (!up()) return;
  client_.say_goodbye(now());
  send_all();
  client_.end("left");
}

Instant ProbeSession::now() { return system::monotonic_now(); }

bool ProbeSession::send(Bytes packet) {
  if (!client_.send_inside(packet)) return false;
  send_all();
  return true;
}

std::optional<Buffer> ProbeSession::receive(Instant until) {
  while (arrived_.empty()) {
    if (now() >= until || client_.phase() == node::BareClient::Phase::ended) return std::nullopt;
    turn(until);
  }
  Buffer packet = std::move(arrived_.front());
  arrived_.pop_front();
  return packet;
}

void ProbeSession::turn(Instant until) {
  send_all();
  const Instant wake = std::min(until, client_.deadline().at);
  const timespec wait = as_timespec(wake - now());
  pollfd watched{socket_.fd(), POLLIN, 0};
  if (socket_.wants_to_write()) watched.events |= POLLOUT;
  if (ppoll(&watched, 1, &wait, nullptr) > 0) {
    take_from_socket(static_cast<unsigned>(watched.revents));
  }
  client_.tick(now());
  for (Buffer& packet : client_.take_inside()) arrived_.push_back(std::move(packet));
  note_progress();
  send_all();
}

void ProbeSession::take_from_socket(unsigned ready) {
  if ((ready & (POLLOUT | POLLERR | POLLHUP)) != 0 && socket_.wants_to_write()) {
    note_error(socket_.go_on());
  }
  if (!socket_.connected()) return;
  note_error(socket_.receive([&](MutableBytes datagram) {
    heard_ = now();
    client_.receive(datagram, heard_);
  }));
}

void ProbeSession::send_all() {
  if (!socket_.connected()) return;
  std::array<std::uint8_t, node::BareClient::most_datagram_bytes> room;
  while (true) {
    const Bytes datagram = client_.transmit(room, now());
    if (datagram.empty()) return;
    const Status sent = socket_.send(datagram);
    note_error(sent);
    if (!sent && tcp_) return;
  }
}

// An error of UDP is what the network said of one packet; a TCP connection is lost.
void ProbeSession::note_error(const Status& status) {
  if (status) return;
  network_error_ = status.error().what;
  if (tcp_) client_.end(network_error_);
}

void ProbeSession::note_progress() {
  if (client_.answered() && answered_after_ == Duration::zero()) {
    answered_after_ = now() - began_;
    network_error_.clear();
  }
  if (up() && up_after_ == Duration::zero()) up_after_ = now() - began_;
}

std::optional<Buffer> BesideSession::receive(Instant until) {
  constexpr Duration most_away = 5ms;
  while (true) {
    session_.serve();
    auto packet = other_.receive(std::min(until, now() + most_away));
    if (packet || now() >= until) return packet;
  }
}

}  // namespace adit::doctor
