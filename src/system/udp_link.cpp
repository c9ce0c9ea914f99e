#include "system/udp_link.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <netinet/in.h>
#include <sys/socket.h>

#include "system/kernel_error.h"
#include "system/socket_address.h"

namespace adit::system {

namespace {

constexpr unsigned default_buffer_bytes = 4u << 20;
constexpr std::size_t most_control_packets = 32;  // in front of a batch of data

int discovery_number(UdpSettings::MtuDiscovery discovery) {
  switch (discovery) {
    case UdpSettings::MtuDiscovery::no:
      return IP_PMTUDISC_DONT;
    case UdpSettings::MtuDiscovery::maybe:
      return IP_PMTUDISC_WANT;
    case UdpSettings::MtuDiscovery::yes:
      return IP_PMTUDISC_DO;
    case UdpSettings::MtuDiscovery::probe:
      return IP_PMTUDISC_PROBE;
    case UdpSettings::MtuDiscovery::system:
      break;
  }
  return -1;
}

Status set_mtu_discovery(int socket, const UdpSettings& settings) {
  const int value = discovery_number(settings.mtu_discovery);
  if (value < 0) return {};
  // On a dual socket each family has its own switch; the numbers are the same.
  const bool v4 = settings.stack != Stack::v6_only, v6 = settings.stack != Stack::v4;
  if ((v4 && setsockopt(socket, IPPROTO_IP, IP_MTU_DISCOVER, &value, sizeof value) != 0) ||
      (v6 && setsockopt(socket, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &value, sizeof value) != 0)) {
    return kernel_refused(errno, "cannot set mtu-disc");
  }
  return {};
}

// Only for the explanation of late packets: a kernel that does not know it is no obstacle.
void ask_for_fragments(int socket, const UdpSettings& settings) {
  const int on = 1;
  static_cast<void>(setsockopt(socket, IPPROTO_IP, IP_RECVFRAGSIZE, &on, sizeof on));
  if (settings.stack == Stack::v4) return;
  static_cast<void>(setsockopt(socket, IPPROTO_IPV6, IPV6_RECVFRAGSIZE, &on, sizeof on));
}

Status ask_for_destinations(int socket, const UdpSettings& settings) {
  const int on = 1;
  const int result = settings.stack == Stack::v4
                         ? setsockopt(socket, IPPROTO_IP, IP_PKTINFO, &on, sizeof on)
                         : setsockopt(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
  if (result == 0) return {};
  return kernel_refused(errno, "cannot ask for the local address of datagrams");
}

Status share_port(int socket) {
  const int on = 1;
  if (setsockopt(socket, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0) return {};
  return kernel_refused(errno, "cannot share a UDP port between sockets");
}

// Datagrams that found the socket's queue full.
std::uint64_t overflowed(int socket) {
  std::array<std::uint32_t, 9> memory{};  // source: linux/sock_diag.h, SK_MEMINFO_*
  constexpr std::size_t drops = 8;
  socklen_t size = sizeof memory;
  return getsockopt(socket, SOL_SOCKET, SO_MEMINFO, memory.data(), &size) == 0 ? memory[drops] : 0;
}

// The kernel marks a train "don't fragment" by the length of the whole: only a socket that forbids
// fragments sends trains as it would send their datagrams one by one. True: it does so now, where
// it only wanted none before.
bool forbid_fragments(int socket) {
  int discovery = 0;
  socklen_t size = sizeof discovery;
  const int forbid = IP_PMTUDISC_DO;
  return getsockopt(socket, IPPROTO_IP, IP_MTU_DISCOVER, &discovery, &size) == 0 &&
         discovery == IP_PMTUDISC_WANT &&
         setsockopt(socket, IPPROTO_IP, IP_MTU_DISCOVER, &forbid, sizeof forbid) == 0;
}

// False: this kernel cannot, and datagrams come one by one.
bool ask_for_trains(int socket) {
  const int on = 1;
  return setsockopt(socket, IPPROTO_UDP, udp_gro, &on, sizeof on) == 0;
}

}  // namespace

Result<std::unique_ptr<UdpLink>> UdpLink::open(const UdpSettings& settings) {
  Result<Fd> socket = open_socket(SOCK_DGRAM, settings.stack);
  if (!socket) return fail_with(std::move(socket.error()));
  const BufferSizes at_first = buffer_sizes(socket->get());
  SocketSettings wanted = settings.socket;
  wanted.receive_buffer = wanted.receive_buffer.value_or(default_buffer_bytes);
  wanted.send_buffer = wanted.send_buffer.value_or(default_buffer_bytes);
  Status done = apply_settings(socket->get(), wanted);
  if (done) done = set_mtu_discovery(socket->get(), settings);
  if (done && settings.shares_port) done = share_port(socket->get());
  if (done && (settings.bind || settings.local)) {
    done = bind_socket(socket->get(), Transport::udp, settings.stack, settings.local,
                       settings.bind ? settings.local_port : std::uint16_t{0},
                       settings.local_scope_id);
  }
  const bool asks = local_endpoint(socket->get()).address.is_unspecified() &&
                    (settings.bind || settings.multihome);
  if (done && asks) done = ask_for_destinations(socket->get(), settings);
  if (done) ask_for_fragments(socket->get(), settings);
  if (!done) return fail_with(std::move(done.error()));
  std::unique_ptr<UdpLink> link(new UdpLink(std::move(*socket), settings, at_first));
  if (settings.mtu_discovery == UdpSettings::MtuDiscovery::probe) {
    link->errors_.ask(link->fd(), settings.stack);
  }
  return link;
}

UdpLink::UdpLink(Fd socket, const UdpSettings& settings, BufferSizes at_first)
    : socket_(std::move(socket)), buffers_at_first_(at_first) {
  const ip::Address bound = local().address;
  const bool asks = bound.is_unspecified() && (settings.bind || settings.multihome);
  receiver_.set(
      {asks, asks && settings.same_interface, bound.is_unspecified() ? ip::Address() : bound});
  const bool may_fragment =
      settings.trains && settings.stack != Stack::v6_only && forbid_fragments(socket_.get());
  transmitter_.set({socket_family(settings.stack), asks, settings.trains, may_fragment});
  trains_ = settings.trains;
  joined_ = settings.trains && ask_for_trains(socket_.get());
}

UdpLink::~UdpLink() = default;

int UdpLink::fd() const { return socket_.get(); }
std::vector<int> UdpLink::fds() const {
  return control_ ? std::vector<int>{fd(), control_->fd()} : std::vector<int>{fd()};
}
ip::Endpoint UdpLink::local() const { return local_endpoint(socket_.get()); }
BufferSizes UdpLink::buffers_at_first() const { return buffers_at_first_; }
BufferSizes UdpLink::buffers() const { return buffer_sizes(socket_.get()); }
void UdpLink::resize_buffers(std::optional<unsigned> receive, std::optional<unsigned> send) {
  system::resize_buffers(socket_.get(), receive, send);
}

std::size_t UdpLink::read(std::span<Packet> packets, std::span<ports::LinkAddress> from,
                          std::size_t front_room) {
  receiver_.forget_fragments();
  const auto data = [&](std::size_t behind) -> std::size_t {
    if (behind == packets.size()) return 0;
    return receiver_.read(fd(), packets.subspan(behind), from.subspan(behind), front_room, behind);
  };
  const auto control = [&]() -> std::size_t {
    if (control_ == nullptr) return 0;
    const std::size_t most = std::min((packets.size() + 1) / 2, most_control_packets);
    return control_->receiver_.read(control_->fd(), packets.first(most), from.first(most),
                                    front_room);
  };
  const ReadOrder::Found found = order_.read(control, data);
  if (found.wants_errors) drain_errors();
  return found.packets;
}

void UdpLink::drain_errors() {
  errors_.drain(fd());
  if (control_ != nullptr) control_->drain_errors();
}

// What a router says of a datagram reaches any socket of its port, not only the one that sent it.
std::size_t UdpLink::take_too_large(std::span<ports::TooLarge> hints) {
  const std::size_t count = errors_.take(hints);
  if (control_ == nullptr || count == hints.size()) return count;
  return count + control_->take_too_large(hints.subspan(count));
}

std::optional<ports::LinkError> UdpLink::take_error() {
  auto error = errors_.take_other();
  if (!error && control_ != nullptr) error = control_->take_error();
  return error;
}

ports::LinkTraffic UdpLink::traffic() const {
  const plane::BatchMeter &in = receiver_.meter(), &out = transmitter_.train_meter();
  ports::LinkTraffic traffic{in.calls(),    in.packets(),     out.calls(),
                             out.packets(), overflowed(fd()), receiver_.drops().read()};
  if (control_ != nullptr) traffic += control_->traffic();
  return traffic;
}

ports::LinkOffloads UdpLink::offloads() const {
  ports::LinkOffloads offloads{joined_, transmitter_.sends_trains(), {}};
  if (!trains_) {
    offloads.why = "udp-offload off";
  } else if (!offloads.gso) {
    offloads.why =
        fmt::format("the kernel or a device refuses trains: {}", reason(transmitter_.refusal()));
  } else if (!offloads.gro) {
    offloads.why = "the kernel does not know UDP_GRO";
  }
  return offloads;
}

}  // namespace adit::system
