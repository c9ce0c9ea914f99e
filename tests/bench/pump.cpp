// The work of a tunnel without its cryptography: a tun device and a UDP socket of ours, and the
// bytes of a data header in between. What adit loses against this is what the rest of it costs.
//
//   pump DEVICE LOCAL REMOTE      IPv4 addresses, UDP port 1194 at both ends

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <poll.h>
#include <thread>

#include "plane/lane.h"
#include "system/tun_device.h"
#include "system/udp_link.h"

namespace {

using namespace adit;

constexpr std::uint16_t port = 1194;
constexpr std::size_t largest_packet = 2048;
constexpr std::size_t data_header = 24;
constexpr int turns_awake = 32;  // before poll() again

[[noreturn]] void stop(const std::string& why) {
  std::fprintf(stderr, "pump: %s\n", why.c_str());
  std::exit(1);
}

void wait_for(int fd) {
  pollfd waiting{fd, POLLIN, 0};
  poll(&waiting, 1, -1);
}

void pump_up(system::TunDevice& tun, system::UdpLink& link, const ports::LinkAddress& to) {
  plane::PacketPool pool(largest_packet);
  std::vector<ports::OutgoingPacket> outgoing;
  DropCounters drops;
  for (;;) {
    wait_for(tun.fd());
    for (int turn = 0; turn < turns_awake; ++turn) {
      const std::size_t count = tun.read(pool.packets(), plane::front_room);
      if (count == 0) break;
      outgoing.clear();
      for (Packet& packet : pool.packets().first(count)) {
        packet.prepend(data_header);
        outgoing.push_back({&packet, to});
      }
      link.write(outgoing, drops);
    }
  }
}

void pump_down(system::TunDevice& tun, system::UdpLink& link) {
  plane::PacketPool pool(largest_packet);
  std::array<Packet, plane::batch_packets> packets;  // the link may let them look into its memory
  std::array<ports::LinkAddress, plane::batch_packets> from;
  std::vector<Packet*> arrived;
  DropCounters drops;
  for (;;) {
    wait_for(link.fd());
    for (int turn = 0; turn < turns_awake; ++turn) {
      std::ranges::copy(pool.packets(), packets.begin());
      const std::size_t count = link.read(packets, from, plane::front_room);
      if (count == 0) break;
      arrived.clear();
      for (Packet& packet : std::span(packets).first(count)) {
        if (packet.size() <= data_header) continue;
        packet.drop_front(data_header);
        arrived.push_back(&packet);
      }
      tun.write(arrived, drops);
    }
  }
}

}  // namespace

int main(int count, char** words) {
  if (count != 4) stop("usage: pump DEVICE LOCAL REMOTE");
  const auto local = ip::Address::parse_v4(words[2]);
  const auto remote = ip::Address::parse_v4(words[3]);
  if (!local || !remote) stop("LOCAL and REMOTE are IPv4 addresses");
  auto tun = system::TunDevice::open(words[1]);
  if (!tun) stop(tun.error().text());
  system::UdpSettings settings;
  settings.local = *local;
  settings.local_port = port;
  auto link = system::UdpLink::open(settings);
  if (!link) stop(link.error().text());
  ports::LinkAddress to;
  to.remote = {*remote, port, 0};
  std::printf("ready\n");
  std::fflush(stdout);
  std::thread up([&] { pump_up(**tun, **link, to); });
  pump_down(**tun, **link);
}
