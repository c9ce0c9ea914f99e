#include "system/udp_group.h"

#include <array>
#include <linux/filter.h>
#include <sys/socket.h>

#include "wire/data_header.h"
#include "wire/opcode.h"

namespace adit::system {

namespace {

constexpr std::uint32_t opcode_mask = 0xF8000000;

constexpr std::uint32_t first_word(wire::Opcode opcode) {
  return static_cast<std::uint32_t>(opcode) << 27;
}

constexpr sock_filter statement(unsigned code, std::uint32_t k) {
  return {static_cast<std::uint16_t>(code), 0, 0, k};
}
constexpr sock_filter jump_equal(std::uint32_t k, std::uint8_t yes, std::uint8_t no) {
  return {BPF_JMP | BPF_JEQ | BPF_K, yes, no, k};
}

// The program sees the datagram's payload; one shorter than a word ends at the first socket.
bool steer(int socket, std::size_t count) {
  const auto sockets = static_cast<std::uint32_t>(count);
  const std::uint32_t control = sockets;  // the last that joins
  std::array program{
      statement(BPF_LD | BPF_W | BPF_ABS, 0),
      statement(BPF_MISC | BPF_TAX, 0),
      statement(BPF_ALU | BPF_AND | BPF_K, opcode_mask),
      jump_equal(first_word(wire::Opcode::data_v2), 2, 0),
      jump_equal(first_word(wire::Opcode::data_v1), 4, 0),
      statement(BPF_RET | BPF_K, control),
      statement(BPF_MISC | BPF_TXA, 0),
      statement(BPF_ALU | BPF_AND | BPF_K, wire::peer_id_none),
      jump_equal(wire::peer_id_none, 0, 1),
      statement(BPF_RET | BPF_K, 0),
      statement(BPF_ALU | BPF_MOD | BPF_K, sockets),
      statement(BPF_RET | BPF_A, 0),
  };
  const sock_fprog filter{program.size(), program.data()};
  return setsockopt(socket, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &filter, sizeof filter) == 0;
}

}  // namespace

Result<std::vector<std::unique_ptr<UdpLink>>> open_udp_group(const UdpSettings& settings,
                                                             std::size_t count) {
  std::vector<std::unique_ptr<UdpLink>> group;
  // Alone first: sockets that share a port would also share it with another server's.
  auto alone = UdpLink::open(settings);
  if (!alone) return fail_with(std::move(alone.error()));
  UdpSettings shared = settings;
  shared.local_port = (*alone)->local().port;
  shared.shares_port = true;
  alone->reset();
  for (std::size_t i = 0; i < count; ++i) {
    auto link = UdpLink::open(shared);
    if (!link) return fail_with(std::move(link.error()));
    group.push_back(std::move(*link));
    if (i == 0 && !steer(group.front()->fd(), count)) return group;
  }
  auto control = UdpLink::open(shared);
  if (!control) return fail_with(std::move(control.error()));
  group.front()->take_control_socket(std::move(*control));
  return group;
}

}  // namespace adit::system
