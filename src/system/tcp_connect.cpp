#include "system/tcp_connect.h"

#include <cerrno>
#include <sys/socket.h>

#include "system/kernel_error.h"
#include "system/socket_address.h"

namespace adit::system {

namespace {

constexpr int listen_backlog = 512;
constexpr unsigned most_per_turn = 64;
constexpr Duration rest_time = std::chrono::seconds(1);

void allow_fast_restart(int socket) {
  const int on = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
}

bool out_of_room(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

int pending_error(int socket) {
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

std::string advice_for_connect(int error) {
  switch (error) {
    case ECONNREFUSED:
      return "nothing listens there: check port and protocol (tcp or udp) of the remote";
    case ENETUNREACH:
    case EHOSTUNREACH:
      return "there is no way to that address now: check the network and the default route";
    case ETIMEDOUT:
      return "no answer: the address may be wrong or a firewall drops the packets";
    default:
      return {};
  }
}

tl::unexpected<Error> not_connected(int error, const ip::Endpoint& remote) {
  return kernel_refused(error, "cannot connect to " + remote.text(), advice_for_connect(error));
}

}  // namespace

Result<std::unique_ptr<TcpListener>> TcpListener::open(Loop& loop,
                                                       const TcpListenSettings& settings,
                                                       Accepted accepted) {
  Result<Fd> socket = open_socket(SOCK_STREAM, settings.stack);
  if (!socket) return fail_with(std::move(socket.error()));
  allow_fast_restart(socket->get());
  Status done = apply_settings(socket->get(), settings.socket);
  if (done) {
    done = bind_socket(socket->get(), Transport::tcp, settings.stack, settings.local,
                       settings.local_port, settings.local_scope_id);
  }
  if (done && listen(socket->get(), listen_backlog) != 0) {
    done = kernel_refused(errno, fmt::format("cannot listen on TCP port {}", settings.local_port));
  }
  if (!done) return fail_with(std::move(done.error()));
  std::unique_ptr<TcpListener> listener(
      new TcpListener(loop, std::move(*socket), std::move(accepted)));
  if (done = listener->watch(); !done) return fail_with(std::move(done.error()));
  return listener;
}

TcpListener::~TcpListener() {
  loop_.cancel(resting_);
  loop_.unwatch(socket_.get());
}

ip::Endpoint TcpListener::local() const { return local_endpoint(socket_.get()); }

Status TcpListener::watch() {
  return loop_.watch(socket_.get(), ready::to_read, [this](unsigned) { take_connections(); });
}

void TcpListener::take_connections() {
  for (unsigned taken = 0; taken < most_per_turn; ++taken) {
    Fd connection(accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (connection) {
      accepted_(std::move(connection));
    } else if (would_block(errno)) {
      return;
    } else if (out_of_room(errno)) {
      return rest(errno);
    }  // all else happened to that one connection only
  }
}

void TcpListener::rest(int error) {
  loop_.unwatch(socket_.get());
  resting_ = loop_.at(loop_.now() + rest_time, [this] {
    if (Status watched = watch(); !watched) accepted_(fail_with(watched.error()));
  });
  accepted_(kernel_refused(error, "cannot accept a TCP connection",
                           "raise the limit of open files (LimitNOFILE=, ulimit -n)"));
}

void TcpConnector::connect(const TcpConnectSettings& settings, Done done) {
  cancel();
  done_ = std::move(done);
  remote_ = settings.remote;
  const Status begun = begin(settings);
  const Duration wait = begun ? settings.timeout : Duration::zero();
  // An error at once is told by a timer too, so that done is not called from within.
  timer_ = loop_.at(loop_.now() + wait, [this, begun] {
    if (!begun) return end_with(fail_with(begun.error()));
    end_with(not_connected(ETIMEDOUT, remote_));
  });
}

Status TcpConnector::begin(const TcpConnectSettings& settings) {
  const Stack stack = remote_.address.is_v4() ? Stack::v4 : Stack::v6_only;
  Result<Fd> socket = open_socket(SOCK_STREAM, stack);
  if (!socket) return fail_with(std::move(socket.error()));
  if (Status applied = apply_settings(socket->get(), settings.socket); !applied) return applied;
  if (settings.local || settings.local_port != 0) {
    allow_fast_restart(socket->get());
    Status bound =
        bind_socket(socket->get(), Transport::tcp, stack, settings.local, settings.local_port);
    if (!bound) return bound;
  }
  const auto raw = to_socket_address(remote_, socket_family(stack));
  if (::connect(socket->get(), raw->raw(), raw->size) != 0 && errno != EINPROGRESS) {
    return not_connected(errno, remote_);
  }
  socket_ = std::move(*socket);
  Status watched = loop_.watch(socket_.get(), ready::to_write, [this](unsigned) { finish(); });
  watched_ = watched.has_value();
  return watched;
}

void TcpConnector::finish() {
  if (const int error = pending_error(socket_.get()); error != 0) {
    return end_with(not_connected(error, remote_));
  }
  let_go();
  end_with(std::move(socket_));
}

void TcpConnector::let_go() {
  if (std::exchange(watched_, false)) loop_.unwatch(socket_.get());
  loop_.cancel(std::exchange(timer_, 0));
}

void TcpConnector::end_with(Result<Fd> result) {
  const Done done = std::exchange(done_, nullptr);
  cancel();
  done(std::move(result));
}

void TcpConnector::cancel() {
  let_go();
  socket_.reset();
  done_ = nullptr;
}

}  // namespace adit::system
