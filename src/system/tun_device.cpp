#include "system/tun_device.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/stock_lines.h"
#include "system/holders.h"
#include "system/kernel_error.h"
#include "system/privileges.h"

namespace adit::system {

namespace {

constexpr unsigned last_number = 255;

struct Opened {
  Fd fd;
  std::string name;
  bool vnet = false;
  bool many_queues = false;
};

// How a device is attached to.
struct Manner {
  bool vnet = false;
  bool many_queues = false;
  TunLayer layer = TunLayer::ip;
};

const char* kind_of(TunLayer layer) { return layer == TunLayer::ip ? "tun" : "tap"; }

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

std::string advice_for_name(int error, const std::string& name, TunLayer layer) {
  switch (error) {
    case EPERM:
      return "run as root or with the capability CAP_NET_ADMIN (in a container: --cap-add "
             "NET_ADMIN)";
    case EBUSY:
      return fmt::format("{} is used by {}; stop it or choose another name", name,
                         holder_of_tun(name).value_or("another process"));
    case EINVAL:
      return fmt::format("{} exists and is not a {} device; choose another name", name,
                         kind_of(layer));
    default:
      return {};
  }
}

std::string with_number(int error) { return fmt::format("{} (errno={})", reason(error), error); }

tl::unexpected<Error> refuse_tun(int error, const std::string& request, const std::string& name,
                                 TunLayer layer) {
  return fail_with({stock_lines::cannot_ioctl(request, name, with_number(error)),
                    advice_for_name(error, name, layer)});
}

Result<Fd> open_node(const std::string& node) {
  Fd fd(::open(node.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (fd) return fd;
  const int error = errno;
  return fail_with(
      {stock_lines::cannot_open_tun(node, with_number(error)), advice_for_node(error, node)});
}

// 0, or why the kernel would not give us a queue of the device of this name.
int attach_queue(int fd, const std::string& name, Manner manner, int more_flags = 0) {
  ifreq request{};
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  const int kind = manner.layer == TunLayer::ip ? IFF_TUN : IFF_TAP;
  request.ifr_flags = static_cast<short>(kind | IFF_NO_PI | (manner.vnet ? IFF_VNET_HDR : 0) |
                                         (manner.many_queues ? IFF_MULTI_QUEUE : 0) | more_flags);
  return ioctl(fd, TUNSETIFF, &request) == 0 ? 0 : errno;
}

// How many queues somebody has, us included; 0 also where the kernel does not tell.
unsigned queues_in_use(const std::string& name) {
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ethtool_channels channels{};
  channels.cmd = ETHTOOL_GCHANNELS;
  ifreq request{};
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_data = reinterpret_cast<char*>(&channels);
  return ioctl(socket.get(), SIOCETHTOOL, &request) == 0 ? channels.combined_count : 0;
}

// The same for the whole device. The kernel gives a queue of a device with many to whoever asks, so
// we must look ourselves whether it is somebody else's.
int attach(int fd, const std::string& name, Manner manner) {
  if (!manner.many_queues) return attach_queue(fd, name, manner);
  const int error = attach_queue(fd, name, manner, IFF_TUN_EXCL);
  const bool exists = error == EBUSY;
  return exists && queues_in_use(name) == 0 ? attach_queue(fd, name, manner) : error;
}

// Devices that exist but are busy, somebody else's or no tun device are passed over; so an idle
// persistent tun0 is taken, as stock does.
Result<Opened> attach_first_free(Fd fd, const std::string& stem, Manner manner) {
  int first_error = 0;
  for (unsigned number = 0; number <= last_number; ++number) {
    std::string name = stem + std::to_string(number);
    const int error = attach(fd.get(), name, manner);
    if (error == 0) return Opened{std::move(fd), std::move(name), manner.vnet, manner.many_queues};
    if (error != EBUSY && first_error == 0) first_error = error;
  }
  if (first_error != 0) return refuse_tun(first_error, "TUNSETIFF", stem, manner.layer);
  return fail_with({fmt::format("cannot find a free device: {}0 to {}{} are all in use", stem, stem,
                                last_number),
                    fmt::format("give the device a name of its own (\"dev NAME\" and \"dev-type "
                                "{}\")",
                                kind_of(manner.layer))});
}

Result<Opened> open_device(const std::string& name, const std::string& node, Manner manner) {
  if (name.empty() || name.size() >= IFNAMSIZ) {
    return fail_with({fmt::format("\"{}\" cannot be the name of a device", name),
                      fmt::format("a name has 1 to {} characters", IFNAMSIZ - 1)});
  }
  Result<Fd> fd = open_node(node);
  if (!fd) return fail_with(std::move(fd.error()));
  manner.vnet = manner.vnet && knows_vnet_headers(fd->get());
  if (name == kind_of(manner.layer)) return attach_first_free(std::move(*fd), name, manner);
  int error = attach(fd->get(), name, manner);
  // A persistent device may have been made for one queue.
  if (error == EINVAL && std::exchange(manner.many_queues, false)) {
    error = attach(fd->get(), name, manner);
  }
  if (error != 0) return refuse_tun(error, "TUNSETIFF", name, manner.layer);
  return Opened{std::move(*fd), name, manner.vnet, manner.many_queues};
}

Result<std::string> set_persistent(const Opened& device, bool persistent, TunLayer layer) {
  if (ioctl(device.fd.get(), TUNSETPERSIST, persistent ? 1UL : 0UL) != 0) {
    return refuse_tun(errno, "TUNSETPERSIST", device.name, layer);
  }
  return device.name;
}

}  // namespace

Result<std::unique_ptr<TunDevice>> TunDevice::open(const std::string& name, const std::string& node,
                                                   TunOffloadLimit limit, std::size_t queues,
                                                   TunLayer layer) {
  const bool many = queues > 1;
  Result<Opened> device = open_device(name, node, {limit != TunOffloadLimit::nothing, many, layer});
  if (!device) return fail_with(std::move(device.error()));
  Result<ports::TunOffloads> offloads = settle_offloads(device->fd.get(), device->vnet, limit);
  if (!offloads) {
    device->fd.reset();
    std::string why = std::move(offloads.error().what);
    device = open_device(name, node, {false, many, layer});
    if (!device) return fail_with(std::move(device.error()));
    offloads = ports::TunOffloads{false, false, false, std::move(why)};
  }
  std::unique_ptr<TunDevice> opened(
      new TunDevice(std::move(device->fd), std::move(device->name), std::move(*offloads), layer));
  opened->node_ = node;
  opened->many_queues_ = device->many_queues;
  return opened;
}

std::unique_ptr<TunDevice> TunDevice::open_queue() const {
  if (!many_queues_) return nullptr;
  Result<Fd> fd = open_node(node_);
  if (!fd || attach_queue(fd->get(), name_, {offloads_.vnet, true, layer_}) != 0) return nullptr;
  return std::unique_ptr<TunDevice>(new TunDevice(std::move(*fd), name_, offloads_, layer_));
}

TunDevice::TunDevice(Fd fd, std::string name, ports::TunOffloads offloads, TunLayer layer)
    : fd_(std::move(fd)),
      name_(std::move(name)),
      layer_(layer),
      offloads_(std::move(offloads)),
      reader_(fd_.get(), offloads_.vnet, layer == TunLayer::ethernet),
      writer_(fd_.get(), offloads_, layer == TunLayer::ethernet) {}

ports::TunTraffic TunDevice::traffic() const {
  return {reader_.reads.get(), reader_.packets_read.get(), writer_.writes(),
          writer_.packets(),   reader_.oversized.get(),    reader_.malformed.get()};
}

Result<std::string> make_persistent(const std::string& name, const std::string& user,
                                    const std::string& group, const std::string& node,
                                    TunLayer layer) {
  const Result<Identity> owner = look_up(user, group);
  if (!owner) return fail_with(owner.error());
  const Result<Opened> device = open_device(name, node, {.layer = layer});
  if (!device) return fail_with(device.error());
  const int fd = device->fd.get();
  if (owner->user && ioctl(fd, TUNSETOWNER, static_cast<unsigned long>(owner->user->id)) != 0) {
    return refuse_tun(errno, "TUNSETOWNER", device->name, layer);
  }
  if (owner->group && ioctl(fd, TUNSETGROUP, static_cast<unsigned long>(owner->group->id)) != 0) {
    return refuse_tun(errno, "TUNSETGROUP", device->name, layer);
  }
  return set_persistent(*device, true, layer);
}

Result<std::string> remove_persistent(const std::string& name, const std::string& node,
                                      TunLayer layer) {
  const Result<Opened> device = open_device(name, node, {.layer = layer});
  if (!device) return fail_with(device.error());
  return set_persistent(*device, false, layer);
}

}  // namespace adit::system
