#include "system/control_socket.h"

#include <array>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "system/clock.h"
#include "system/kernel_error.h"
#include "system/socket_address.h"

namespace adit::system {

namespace {

constexpr int manager_backlog = 1;
constexpr std::size_t bytes_at_once = 65536;  // bytes read in one turn
constexpr int socket_flags = SOCK_CLOEXEC | SOCK_NONBLOCK;

Result<SocketAddress> unix_address_of(const ControlSocket::Place& place) {
  if (!place.path.empty()) return unix_address(place.path);
  return *to_socket_address(place.tcp, family_number(place.tcp.address.family()));
}

// Only a socket is taken away: the path may be a file that somebody still wants.
void remove_socket(const std::string& path) {
  struct stat about {};
  if (lstat(path.c_str(), &about) == 0 && S_ISSOCK(about.st_mode)) unlink(path.c_str());
}

}  // namespace

Result<std::unique_ptr<ControlSocket>> ControlSocket::listen(Loop& loop, Place place,
                                                             Callbacks callbacks) {
  std::unique_ptr<ControlSocket> made(
      new ControlSocket(loop, std::move(place), std::move(callbacks)));
  Status opened = made->open();
  if (opened) opened = made->await_client();
  if (!opened) return fail_with(opened.error());
  return made;
}

Result<std::unique_ptr<ControlSocket>> ControlSocket::connect(Loop& loop, Place place,
                                                              Callbacks callbacks) {
  std::unique_ptr<ControlSocket> made(
      new ControlSocket(loop, std::move(place), std::move(callbacks)));
  const auto address = unix_address_of(made->place_);
  if (!address) return fail_with(address.error());
  Fd fd(socket(address->raw()->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd || ::connect(fd.get(), address->raw(), address->size) != 0) {
    return kernel_refused(errno, "connect");
  }
  if (!made->may_connect(fd.get())) return fail("the other end is not who it must be");
  made->take(std::move(fd));
  return made;
}

ControlSocket::~ControlSocket() {
  if (client_) loop_.unwatch(client_.get());
  if (!listener_) return;
  if (!client_) loop_.unwatch(listener_.get());
  if (!place_.path.empty()) remove_socket(place_.path);
}

Status ControlSocket::open() {
  const auto address = unix_address_of(place_);
  if (!address) return fail_with(address.error());
  const bool tcp = place_.path.empty();
  listener_ = Fd(socket(address->raw()->sa_family, SOCK_STREAM | socket_flags, 0));
  const int on = 1;
  if (listener_ && tcp) setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (!tcp) remove_socket(place_.path);
  if (listener_ && bind(listener_.get(), address->raw(), address->size) == 0 &&
      ::listen(listener_.get(), manager_backlog) == 0) {
    if (tcp) local_ = local_endpoint(listener_.get());
    return {};
  }
  const int failed = errno;
  listener_.reset();
  return kernel_refused(failed, "cannot listen on " + (tcp ? place_.tcp.text() : place_.path));
}

Status ControlSocket::await_client() {
  return loop_.watch(listener_.get(), ready::to_read, [this](unsigned) { accept(); });
}

void ControlSocket::accept() {
  Fd fd(accept4(listener_.get(), nullptr, nullptr, socket_flags));
  if (!fd) return;
  if (!may_connect(fd.get())) return callbacks_.refused("its user or group is another one");
  loop_.unwatch(listener_.get());
  take(std::move(fd));
}

bool ControlSocket::may_connect(int fd) const {
  if (!place_.user && !place_.group) return true;
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return (!place_.user || peer.uid == *place_.user) && (!place_.group || peer.gid == *place_.group);
}

void ControlSocket::take(Fd fd) {
  const int on = 1;
  if (place_.path.empty()) setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  client_ = std::move(fd);
  const Status watched =
      loop_.watch(client_.get(), ready::to_read, [this](unsigned what) { go_on(what); });
  if (!watched) {
    client_.reset();
    if (listener_) static_cast<void>(await_client());
    return;
  }
  callbacks_.connected(place_.path.empty() ? remote_endpoint(client_.get()) : ip::Endpoint());
}

void ControlSocket::go_on(unsigned what) {
  if ((what & ready::to_write) != 0 && !waiting_.empty()) flush();
  if (client_ && (what & ready::to_read) != 0) read();
}

void ControlSocket::read() {
  std::array<char, bytes_at_once> room;
  const ssize_t count = recv(client_.get(), room.data(), room.size(), MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) return drop();
  callbacks_.received({room.data(), static_cast<std::size_t>(count)});
}

void ControlSocket::write(std::string_view bytes) {
  if (!client_ || bytes.empty()) return;
  const bool idle = waiting_.empty();
  waiting_ += bytes;
  if (idle) flush();
}

void ControlSocket::flush() {
  const ssize_t count =
      send(client_.get(), waiting_.data(), waiting_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (count < 0 && errno != EAGAIN && errno != EINTR) return drop();
  if (count > 0) waiting_.erase(0, static_cast<std::size_t>(count));
  if (waiting_.empty() && closing_) return drop();
  loop_.change_interest(client_.get(),
                        waiting_.empty() ? ready::to_read : ready::to_read | ready::to_write);
}

void ControlSocket::close_client(bool now) {
  if (!client_) return;
  closing_ = true;
  if (now || waiting_.empty()) drop();
}

void ControlSocket::serve(Instant deadline) {
  const int fd = client_ ? client_.get() : listener_.get();
  const bool writes = client_ && !waiting_.empty();
  loop_.run_only(fd, writes ? ready::to_read | ready::to_write : ready::to_read, deadline);
}

void ControlSocket::finish(Duration patience) {
  const Instant until = monotonic_now() + patience;
  while (client_ && !waiting_.empty() && monotonic_now() < until) {
    pollfd wanted{client_.get(), POLLOUT, 0};
    constexpr int step_ms = 50;
    if (poll(&wanted, 1, step_ms) > 0) flush();
  }
}

void ControlSocket::drop() {
  if (!client_) return;
  loop_.unwatch(client_.get());
  client_.reset();
  waiting_.clear();
  closing_ = false;
  callbacks_.gone();
  if (listener_) static_cast<void>(await_client());
}

}  // namespace adit::system
