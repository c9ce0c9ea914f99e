#include "system/tun_reader.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sys/uio.h>
#include <unistd.h>

#include "ip/ethernet.h"
#include "plane/lane.h"

namespace adit::system {

namespace {

// An IPv6 header is not counted in its length; one byte more tells what was cut by the kernel.
constexpr std::size_t largest_whole = 40 + 0xFFFF;
constexpr std::size_t largest_link = ip::ethernet_header_bytes + 2 * ip::vlan_tag_bytes;
// What a full-sized whole packet comes to at the usual MTU.
constexpr std::size_t usual_segments = 48;

// A packet that fills its room to the last byte may have been cut by the kernel; one byte more than
// is allowed is offered, so that this never happens to a good one.
MutableBytes place_of(Packet& packet, std::size_t front_room) {
  const MutableBytes landing = packet.landing(front_room);
  ADIT_ASSERT(landing.size() > plane::back_room);
  return landing.first(landing.size() - plane::back_room + 1);
}

template <typename Call>
ssize_t uninterrupted(Call call) {
  ssize_t count = 0;
  do {
    count = call();
  } while (count < 0 && errno == EINTR);
  return count;
}

}  // namespace

TunReader::TunReader(int fd, bool vnet, bool ethernet)
    : fd_(fd),
      ethernet_(ethernet),
      whole_(vnet ? largest_whole + (ethernet ? largest_link : 0) + 1 : 0) {}

std::size_t TunReader::read(std::span<Packet> packets, std::size_t front_room) {
  const std::size_t filled =
      whole_.empty() ? read_plain(packets, front_room) : read_vnet(packets, front_room);
  packets_read.add(filled);
  return filled;
}

std::size_t TunReader::read_plain(std::span<Packet> packets, std::size_t front_room) {
  std::size_t filled = 0;
  while (filled < packets.size()) {
    const MutableBytes place = place_of(packets[filled], front_room);
    const ssize_t count = uninterrupted([&] { return ::read(fd_, place.data(), place.size()); });
    if (count <= 0) break;
    reads.add(1);
    if (static_cast<std::size_t>(count) == place.size()) {
      oversized.add(1);
    } else {
      packets[filled++].set_size(static_cast<std::size_t>(count));
    }
  }
  return filled;
}

// The segments of a whole packet should leave in one batch; so none is begun that would not fit
// behind another.
std::size_t TunReader::read_vnet(std::span<Packet> packets, std::size_t front_room) {
  std::size_t filled = hand_out(packets, front_room);
  std::size_t expected = filled > 0 ? usual_segments : 0;
  while (filled < packets.size() && packets.size() - filled >= expected) {
    const Got got = read_one(packets[filled], front_room);
    if (got == Got::nothing) break;
    if (got == Got::packet) ++filled;
    if (got != Got::whole) continue;
    expected = std::min(segments_.left(), usual_segments);
    filled += hand_out(packets.subspan(filled), front_room);
  }
  return filled;
}

TunReader::Got TunReader::read_one(Packet& packet, std::size_t front_room) {
  const MutableBytes place = place_of(packet, front_room);
  const std::size_t fits = std::min(place.size() - 1, whole_.size() - 1);
  const MutableBytes rest = MutableBytes(whole_).subspan(fits);
  ip::VnetHeader header;
  const std::array<iovec, 3> parts{
      {{&header, sizeof header}, {place.data(), fits}, {rest.data(), rest.size()}}};
  const ssize_t count =
      uninterrupted([&] { return ::readv(fd_, parts.data(), static_cast<int>(parts.size())); });
  if (count <= static_cast<ssize_t>(sizeof header)) return Got::nothing;
  reads.add(1);
  const std::size_t size = static_cast<std::size_t>(count) - sizeof header;
  if (header.gso_type != ip::VnetHeader::whole) return take_whole(header, place.first(fits), size);
  if (size > fits) {
    oversized.add(1);
    return Got::refused;
  }
  packet.set_size(size);
  if (ip::finish_checksum(header, packet.writable()) == Drop::none) return Got::packet;
  malformed.add(1);
  return Got::refused;
}

TunReader::Got TunReader::take_whole(const ip::VnetHeader& header, Bytes landed, std::size_t size) {
  std::memcpy(whole_.data(), landed.data(), std::min(size, landed.size()));
  if (size >= whole_.size()) {
    oversized.add(1);
    return Got::refused;
  }
  if (begin(header, Bytes(whole_).first(size)) == Drop::none) return Got::whole;
  malformed.add(1);
  return Got::refused;
}

Drop TunReader::begin(ip::VnetHeader header, Bytes whole) {
  const auto link = ethernet_ ? ip::ip_begins_at(whole) : 0;
  if (!link || *link > largest_link) return Drop::malformed;
  link_ = *link;
  header.csum_start = static_cast<std::uint16_t>(header.csum_start - link_);
  return segments_.begin(header, whole.subspan(link_));
}

std::size_t TunReader::next_segment(MutableBytes room) {
  const std::size_t size = segments_.next(room.subspan(std::min(link_, room.size())));
  if (size == 0 || link_ == 0) return size;
  std::memcpy(room.data(), whole_.data(), link_);
  return link_ + size;
}

std::size_t TunReader::hand_out(std::span<Packet> packets, std::size_t front_room) {
  std::size_t filled = 0;
  while (segments_.left() > 0 && filled < packets.size()) {
    const MutableBytes place = place_of(packets[filled], front_room);
    const std::size_t size = next_segment(place.first(place.size() - 1));
    if (size == 0) {
      oversized.add(1);
    } else {
      packets[filled++].set_size(size);
    }
  }
  return filled;
}

}  // namespace adit::system
