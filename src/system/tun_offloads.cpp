#include "system/tun_offloads.h"

#include <cerrno>
#include <linux/if_tun.h>
#include <sys/ioctl.h>

#include "ip/vnet_header.h"
#include "system/kernel_error.h"

namespace adit::system {

namespace {

// Not in the kernel headers of Debian 12; both or neither.
constexpr unsigned long uso4 = 0x20, uso6 = 0x40;
constexpr unsigned long tso_bits = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
constexpr unsigned long uso_bits = tso_bits | uso4 | uso6;

int set_offloads(int fd, unsigned long bits) {
  return ioctl(fd, TUNSETOFFLOAD, bits) == 0 ? 0 : errno;
}

// A device that stays keeps what its last owner has set.
Status use_native_headers(int fd) {
  int size = sizeof(ip::VnetHeader);
  if (ioctl(fd, TUNSETVNETHDRSZ, &size) != 0) return kernel_refused(errno, "TUNSETVNETHDRSZ");
  int off = 0;
  ioctl(fd, TUNSETVNETLE, &off);  // kernels before 3.20 know neither, and need neither
  ioctl(fd, TUNSETVNETBE, &off);
  return {};
}

const char* wish(TunOffloadLimit limit) {
  switch (limit) {
    case TunOffloadLimit::all:
      return "";
    case TunOffloadLimit::no_uso:
      return "tun-offload no-uso";
    case TunOffloadLimit::no_tso:
      return "tun-offload no-tso";
    case TunOffloadLimit::nothing:
      break;
  }
  return "tun-offload off";
}

ports::TunOffloads without_vnet(int fd, TunOffloadLimit limit) {
  clear_offloads(fd);
  const bool wished = limit == TunOffloadLimit::nothing;
  return {false, false, false, wished ? wish(limit) : "the tun driver has no vnet headers"};
}

ports::TunOffloads with_vnet(int fd, TunOffloadLimit limit) {
  ports::TunOffloads offloads{true, true, true, {}};
  if (limit == TunOffloadLimit::all && set_offloads(fd, uso_bits) == 0) return offloads;
  offloads.uso = false;
  offloads.why =
      limit == TunOffloadLimit::all ? "no USO: the kernel is older than Linux 6.2" : wish(limit);
  if (limit != TunOffloadLimit::no_tso) {
    const int error = set_offloads(fd, tso_bits);
    if (error == 0) return offloads;
    offloads.why = "TUNSETOFFLOAD: " + reason(error);
  }
  offloads.tso = false;
  clear_offloads(fd);
  return offloads;
}

}  // namespace

bool knows_vnet_headers(int fd) {
  unsigned features = 0;
  return ioctl(fd, TUNGETFEATURES, &features) == 0 && (features & IFF_VNET_HDR) != 0;
}

Result<ports::TunOffloads> settle_offloads(int fd, bool vnet, TunOffloadLimit limit) {
  if (!vnet) return without_vnet(fd, limit);
  if (Status native = use_native_headers(fd); !native) return fail_with(native.error());
  return with_vnet(fd, limit);
}

void clear_offloads(int fd) { set_offloads(fd, 0); }

}  // namespace adit::system
