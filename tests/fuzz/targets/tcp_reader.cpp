// The reading half of a TCP link on a real socket: however the stream is cut, the packets are those
// of the uncut stream, and a broken length ends it.
//
//   packets per read | 8 lengths of receptions, used in turn | stream

#include "system/tcp_reader.h"

#include <algorithm>
#include <sys/socket.h>

#include "tests/fuzz/input.h"

namespace adit::fuzz {

namespace {

constexpr std::size_t largest = 300;

struct Cut {
  std::vector<Buffer> packets;
  bool ended = false;
  bool operator==(const Cut&) const = default;
};

Cut cut_at_once(Bytes stream) {
  Cut cut;
  Reader reader(stream);
  while (reader.left() >= 2) {
    const std::size_t length = reader.u16();
    cut.ended = length == 0 || length > largest;
    if (cut.ended || reader.left() < length) break;
    cut.packets.push_back(to_buffer(reader.take(length)));
  }
  return cut;
}

class Line {
 public:
  explicit Line(std::size_t batch) : storage_(batch, Buffer(512)), from_(batch) {
    std::array<int, 2> ends{};
    ADIT_ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) == 0);
    far_ = system::Fd(ends[0]);
    for (Buffer& room : storage_) packets_.emplace_back(room, 0u, 0u);
    ADIT_ASSERT(reader_.open().has_value());
    reader_.add(std::make_shared<system::TcpStream>(1, system::Fd(ends[1]), open_));
  }

  void send(Bytes bytes) {
    static_cast<void>(::send(far_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
  }

  void read_into(Cut& cut) {
    constexpr std::size_t front_room = 16;
    while (const std::size_t count = reader_.read(packets_, from_, front_room)) {
      for (std::size_t i = 0; i < count; ++i) {
        ADIT_ASSERT(from_[i].stream == 1);
        cut.packets.push_back(to_buffer(packets_[i].bytes()));
      }
    }
    std::array<ports::LinkAddress, 4> closed{};
    cut.ended = cut.ended || reader_.take_closed(closed) > 0;
  }

 private:
  std::atomic<std::size_t> open_{0};
  system::Fd far_;
  std::vector<Buffer> storage_;
  std::vector<Packet> packets_;
  std::vector<ports::LinkAddress> from_;
  system::TcpReader reader_{largest, [](std::uint32_t) {}};
};

}  // namespace

void try_input(Bytes bytes) {
  Input input(bytes);
  Line line(1 + input.below(4));
  const Bytes receptions = input.take(8);
  const Bytes stream = input.take(4000);
  Cut found;
  for (std::size_t at = 0, turn = 0; at < stream.size() && !found.ended; ++turn) {
    const std::size_t offered = 1 + 2 * std::size_t{receptions[turn % receptions.size()]};
    const std::size_t count = std::min(offered, stream.size() - at);
    line.send(stream.subspan(at, count));
    at += count;
    line.read_into(found);
  }
  ADIT_ASSERT(found == cut_at_once(stream));
}

}  // namespace adit::fuzz
