#include "system/tun_device.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>

#include "plane/lane.h"
#include "system/holders.h"
#include "system/kernel_error.h"
#include "system/privileges.h"

namespace adit::system {

namespace {

constexpr unsigned last_number = 255;

struct Opened {
  Fd fd;
  std::string name;
};

std::string advice_for_node(int error, const std::string& node) {
  switch (error) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
      return fmt::format(
          "load the driver with \"modprobe tun\"; if {0} is missing: \"mkdir -p /dev/net && mknod "
          "/dev/net/tun c 10 200\". In a container add the device: --device {0} --cap-add "
          "NET_ADMIN",
          node);
    case EACCES:
    case EPERM:
      return fmt::format(
          "run as root; in a container allow the device: --device {} --cap-add NET_ADMIN", node);
    default:
      return {};
  }
}

std::string advice_for_name(int error, const std::string& name) {
  switch (error) {
    case EPERM:
      return "run as root or with the capability CAP_NET_ADMIN (in a container: --cap-add "
             "NET_ADMIN)";
    case EBUSY:
      return fmt::format("{} is used by {}; stop it or choose another name", name,
                         holder_of_tun(name).value_or("another process"));
    case EINVAL:
      return fmt::format("{} exists and is not a tun device; choose another name", name);
    default:
      return {};
  }
}

tl::unexpected<Error> refused(int error, const std::string& request, const std::string& name) {
  return fail_with(
      {fmt::format("Cannot ioctl {} {}: {} (errno={})", request, name, reason(error), error),
       advice_for_name(error, name)});
}

Result<Fd> open_node(const std::string& node) {
  Fd fd(::open(node.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (fd) return fd;
  const int error = errno;
  return fail_with(
      {fmt::format("Cannot open TUN/TAP dev {}: {} (errno={})", node, reason(error), error),
       advice_for_node(error, node)});
}

// 0, or why the kernel would not give us the device of this name.
int attach(int fd, const std::string& name) {
  ifreq request{};
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  return ioctl(fd, TUNSETIFF, &request) == 0 ? 0 : errno;
}

// Devices that exist but are busy, somebody else's or no tun device are passed over; so an idle
// persistent tun0 is taken, as stock does.
Result<Opened> attach_first_free(Fd fd, const std::string& stem) {
  int first_error = 0;
  for (unsigned number = 0; number <= last_number; ++number) {
    std::string name = stem + std::to_string(number);
    const int error = attach(fd.get(), name);
    if (error == 0) return Opened{std::move(fd), std::move(name)};
    if (error != EBUSY && first_error == 0) first_error = error;
  }
  if (first_error != 0) return refused(first_error, "TUNSETIFF", stem);
  return fail_with({fmt::format("cannot find a free device: {}0 to {}{} are all in use", stem, stem,
                                last_number),
                    "give the device a name of its own (\"dev NAME\" and \"dev-type tun\")"});
}

Result<Opened> open_device(const std::string& name, const std::string& node) {
  if (name.empty() || name.size() >= IFNAMSIZ) {
    return fail_with({fmt::format("\"{}\" cannot be the name of a device", name),
                      fmt::format("a name has 1 to {} characters", IFNAMSIZ - 1)});
  }
  Result<Fd> fd = open_node(node);
  if (!fd) return fail_with(std::move(fd.error()));
  if (name == "tun") return attach_first_free(std::move(*fd), name);
  if (const int error = attach(fd->get(), name); error != 0) {
    return refused(error, "TUNSETIFF", name);
  }
  return Opened{std::move(*fd), name};
}

Drop verdict(int error) {
  switch (error) {
    case EAGAIN:
    case ENOBUFS:
    case ENOMEM:
      return Drop::queue_full;
    case EINVAL:
      return Drop::malformed;
    default:
      return Drop::link_error;
  }
}

ssize_t read_once(int fd, MutableBytes room) {
  ssize_t count = 0;
  do {
    count = ::read(fd, room.data(), room.size());
  } while (count < 0 && errno == EINTR);
  return count;
}

ssize_t write_once(int fd, const Packet& packet) {
  ssize_t count = 0;
  do {
    count = ::write(fd, packet.data(), packet.size());
  } while (count < 0 && errno == EINTR);
  return count;
}

Result<std::string> set_persistent(const Opened& device, bool persistent) {
  if (ioctl(device.fd.get(), TUNSETPERSIST, persistent ? 1UL : 0UL) != 0) {
    return refused(errno, "TUNSETPERSIST", device.name);
  }
  return device.name;
}

}  // namespace

Result<std::unique_ptr<TunDevice>> TunDevice::open(const std::string& name,
                                                   const std::string& node) {
  Result<Opened> device = open_device(name, node);
  if (!device) return fail_with(std::move(device.error()));
  return std::unique_ptr<TunDevice>(new TunDevice(std::move(device->fd), std::move(device->name)));
}

// One packet per system call. A packet that fills the room to its last byte may have been cut by
// the kernel; one byte more than is allowed is offered, so that this never happens to a good one.
std::size_t TunDevice::read(std::span<Packet> packets, std::size_t front_room) {
  std::size_t filled = 0;
  while (filled < packets.size()) {
    Packet& packet = packets[filled];
    const MutableBytes landing = packet.landing(front_room);
    ADIT_ASSERT(landing.size() > plane::back_room);
    const std::size_t largest = landing.size() - plane::back_room;
    const ssize_t count = read_once(fd_.get(), landing.first(largest + 1));
    if (count <= 0) break;
    if (static_cast<std::size_t>(count) > largest) {
      oversized_.store(oversized() + 1, std::memory_order_relaxed);
      continue;
    }
    packet.set_size(static_cast<std::size_t>(count));
    ++filled;
  }
  return filled;
}

void TunDevice::write(std::span<Packet* const> packets, DropCounters& drops) {
  for (const Packet* packet : packets) {
    if (write_once(fd_.get(), *packet) < 0) drops.add(verdict(errno));
  }
}

Result<std::string> make_persistent(const std::string& name, const std::string& user,
                                    const std::string& group, const std::string& node) {
  const Result<Identity> owner = look_up(user, group);
  if (!owner) return fail_with(owner.error());
  const Result<Opened> device = open_device(name, node);
  if (!device) return fail_with(device.error());
  const int fd = device->fd.get();
  if (owner->user && ioctl(fd, TUNSETOWNER, static_cast<unsigned long>(owner->user->id)) != 0) {
    return refused(errno, "TUNSETOWNER", device->name);
  }
  if (owner->group && ioctl(fd, TUNSETGROUP, static_cast<unsigned long>(owner->group->id)) != 0) {
    return refused(errno, "TUNSETGROUP", device->name);
  }
  return set_persistent(*device, true);
}

Result<std::string> remove_persistent(const std::string& name, const std::string& node) {
  const Result<Opened> device = open_device(name, node);
  if (!device) return fail_with(device.error());
  return set_persistent(*device, false);
}

}  // namespace adit::system
