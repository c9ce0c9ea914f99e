// The work of a tunnel without its cryptography: a tun device and a UDP socket of ours, and the
// bytes of a data header in between. What adit loses against this is what the rest of it costs.
//
//   pump DEVICE LOCAL REMOTE      IPv4 addresses, UDP port 1194 at both ends

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <unistd.h>

#include "ip/acknowledgements.h"
#include "plane/lane.h"
#include "plane/lane_facts.h"
#include "system/lane_thread.h"
#include "system/tun_device.h"
#include "system/udp_link.h"

namespace {

using namespace adit;

constexpr std::uint16_t port = 1194;
constexpr std::size_t largest_packet = 2048;
constexpr std::size_t data_header = 24;

[[noreturn]] void stop(const std::string& why) {
  std::fprintf(stderr, "pump: %s\n", why.c_str());
  std::exit(1);
}

std::size_t pump_up(system::TunDevice& tun, system::UdpLink& link, plane::PacketPool& pool,
                    const ports::LinkAddress& to, plane::LaneMeter& meter) {
  std::array<ports::OutgoingPacket, plane::batch_packets> outgoing;
  DropCounters drops;
  const std::size_t count = tun.read(pool.packets(), plane::front_room);
  for (std::size_t i = 0; i < count; ++i) {
    pool[i].prepend(data_header);
    outgoing[i] = {&pool[i], to};
    meter.link_bytes.add(pool[i].size());
  }
  meter.turns.batch(count);
  if (count > 0) link.write(std::span(outgoing).first(count), drops);
  return count;
}

std::size_t pump_down(system::TunDevice& tun, system::UdpLink& link, plane::PacketPool& pool,
                      plane::LaneMeter& meter) {
  std::array<Packet, plane::batch_packets> packets;  // the link may let them look into its memory
  std::array<ports::LinkAddress, plane::batch_packets> from;
  std::array<Packet*, plane::batch_packets> arrived;
  DropCounters drops;
  std::ranges::copy(pool.packets(), packets.begin());
  const std::size_t count = link.read(packets, from, plane::front_room);
  std::size_t whole = 0;
  for (std::size_t i = 0; i < count; ++i) {
    meter.link_bytes.add(packets[i].size());
    if (packets[i].size() <= data_header) continue;
    packets[i].drop_front(data_header);
    arrived[whole++] = &packets[i];
  }
  meter.turns.batch(count);
  whole = ip::keep_latest_acknowledgements(std::span(arrived).first(whole));
  if (whole > 0) tun.write(std::span(arrived).first(whole), drops);
  return count;
}

template <typename Turn>
std::unique_ptr<system::LaneThread> lane(const char* name, int fd, system::EventDoorbell& bell,
                                         Turn turn, const plane::LaneMeter& meter,
                                         const plane::LaneMeter& beside) {
  system::LaneThread::Parts parts{name, {fd}, turn, bell};
  parts.traffic = [&meter, &beside] {
    return system::Pace::Traffic{meter.link_bytes.get(), beside.turns.packets()};
  };
  auto thread = system::LaneThread::start(std::move(parts));
  if (!thread) stop(thread.error().text());
  return std::move(*thread);
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
  plane::PacketPool up_pool(largest_packet), down_pool(largest_packet);
  auto up_bell = system::EventDoorbell::create(), down_bell = system::EventDoorbell::create();
  if (!up_bell || !down_bell) stop("no event descriptors");
  plane::LaneMeter out, in;
  const auto up = lane(
      "pump-up", (*tun)->fd(), **up_bell,
      [&](Instant, WallTime) { return pump_up(**tun, **link, up_pool, to, out); }, out, in);
  const auto down = lane(
      "pump-down", (*link)->fd(), **down_bell,
      [&](Instant, WallTime) { return pump_down(**tun, **link, down_pool, in); }, in, out);
  pause();
}
