#include "system/tcp_link.h"

#include <cerrno>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

namespace adit::system {

namespace {

// Bytes not yet sent that the kernel takes from us: more only delays what comes after them.
constexpr int unsent_bytes = 256 << 10;

void tune(int socket) {
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent_bytes, sizeof unsent_bytes);
  fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_NONBLOCK);
}

}  // namespace

Result<std::unique_ptr<TcpLink>> TcpLink::create(const TcpLinkSettings& settings) {
  std::unique_ptr<TcpLink> link(new TcpLink(settings));
  if (Status opened = link->reader_.open(); !opened) return fail_with(opened.error());
  if (Status opened = link->writer_.open(); !opened) return fail_with(opened.error());
  return link;
}

TcpLink::TcpLink(const TcpLinkSettings& settings)
    : settings_(settings),
      writer_(settings.queue_packets),
      reader_(settings.largest_packet, [this](std::uint32_t stream) { writer_.drop(stream); }) {}

Result<std::uint32_t> TcpLink::adopt(Fd socket) {
  std::erase_if(known_, [](const auto& entry) { return entry.second.expired(); });
  if (streams() >= settings_.most_streams) {
    return fail("no more than {} TCP connections at a time", settings_.most_streams);
  }
  tune(socket.get());
  if (++last_number_ == 0) ++last_number_;  // 0 stands for datagrams
  const auto stream = std::make_shared<TcpStream>(last_number_, std::move(socket), open_);
  known_.emplace(last_number_, stream);
  // The writer first: an answer must not be faster than the stream.
  writer_.add(stream);
  reader_.add(stream);
  return last_number_;
}

void TcpLink::close(std::uint32_t stream) { writer_.close(stream); }

std::optional<ports::LinkAddress> TcpLink::address(std::uint32_t stream) const {
  const auto found = known_.find(stream);
  const TcpStreamPtr alive = found == known_.end() ? nullptr : found->second.lock();
  if (alive == nullptr) return std::nullopt;
  return alive->address();
}

}  // namespace adit::system
