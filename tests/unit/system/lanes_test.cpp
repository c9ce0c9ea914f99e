// Two ends of a tunnel whose lanes run on real threads over real sockets; only the tun devices are
// queues in memory.

#include <deque>
#include <mutex>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "plane/data_plane.h"
#include "system/lane_thread.h"
#include "system/random.h"
#include "system/tcp_link.h"
#include "system/udp_link.h"
#include "tests/unit/system/sandbox.h"

namespace adit::system {
namespace {

class LanesTest : public NetworkTest {};

// A tun device whose host is the test.
class MemoryTun final : public ports::TunPort {
 public:
  MemoryTun() : readable_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

  std::size_t read(std::span<Packet> packets, std::size_t front_room) override {
    const std::lock_guard guard(lock_);
    eventfd_t count = 0;
    eventfd_read(readable_.get(), &count);
    std::size_t filled = 0;
    for (; filled < packets.size() && !outgoing_.empty(); ++filled) {
      packets[filled].assign(as_bytes(outgoing_.front()), front_room);
      outgoing_.pop_front();
    }
    if (!outgoing_.empty()) eventfd_write(readable_.get(), 1);
    return filled;
  }
  void write(std::span<Packet* const> packets, DropCounters&) override {
    const std::lock_guard guard(lock_);
    for (const Packet* packet : packets) arrived_.push_back(text_of(*packet));
  }

  void send(std::string packet) {
    const std::lock_guard guard(lock_);
    outgoing_.push_back(std::move(packet));
    eventfd_write(readable_.get(), 1);
  }
  std::vector<std::string> arrived() {
    const std::lock_guard guard(lock_);
    return arrived_;
  }
  [[nodiscard]] int fd() const { return readable_.get(); }

 private:
  Fd readable_;
  std::mutex lock_;
  std::deque<std::string> outgoing_;
  std::vector<std::string> arrived_;
};

// An IPv4 packet with this payload.
std::string inner(const std::string& payload) {
  std::string packet(20, '\0');
  const std::size_t length = 20 + payload.size();
  packet[0] = 0x45;
  packet[2] = static_cast<char>(length >> 8);
  packet[3] = static_cast<char>(length & 0xFF);
  packet[9] = 17;
  packet[12] = packet[16] = 10;
  packet[15] = 1;
  packet[19] = 2;
  return packet + payload;
}

struct Bells {
  std::unique_ptr<EventDoorbell> control = EventDoorbell::create().value();
  std::unique_ptr<EventDoorbell> up = EventDoorbell::create().value();
  std::unique_ptr<EventDoorbell> down = EventDoorbell::create().value();
};

class End {
 public:
  End(ports::LinkPort& link, int read_fd, TcpLink* tcp)
      : plane_({}, {{{tun, link, *bells_.up, *bells_.down}}, *bells_.control, rng_}),
        read_fd_(read_fd),
        tcp_(tcp) {}

  void meet(const ports::LinkAddress& peer, bool client) {
    plane::PeerSpec spec;
    spec.address = peer;
    plane_.set_peer(0, spec);
    plane::KeySpec key;
    key.format.cipher = crypto::find_cipher("AES-256-GCM");
    Buffer material(crypto::DataKeyMaterial::size, 7);
    material[130] = 9;
    const crypto::DataKeyMaterial keys{material};
    key.send = client ? keys.client_to_server() : keys.server_to_client();
    key.receive = client ? keys.server_to_client() : keys.client_to_server();
    key.replay = {1024, 15};
    const Status installed = plane_.install_key(0, key);
    ASSERT_TRUE(installed) << installed.error().text();
    plane_.use_key(0, 0);
  }
  void start() {
    LaneThread::Parts up{"adit-up", {tun.fd()}, nullptr, *bells_.up};
    if (tcp_ != nullptr) up.fds.push_back(tcp_->write_fd());
    up.turn = [this](Instant now, WallTime wall) {
      const bool worked = plane_.up().turn(now, wall);
      return (tcp_ != nullptr && tcp_->flush()) || worked;
    };
    up_ = LaneThread::start(std::move(up)).value();
    down_ = LaneThread::start({"adit-down",
                               {read_fd_},
                               [this](Instant now, WallTime) { return plane_.down().turn(now); },
                               *bells_.down})
                .value();
  }
  void stop() {
    up_.reset();
    down_.reset();
  }

  MemoryTun tun;

 private:
  Bells bells_;
  SystemRng rng_;
  plane::DataPlane plane_;
  int read_fd_;
  TcpLink* tcp_;
  std::unique_ptr<LaneThread> up_, down_;
};

// So few on the way at a time that nothing overflows.
void exchange(End& one, End& other, int count) {
  for (int i = 0; i < count; ++i) {
    one.tun.send(inner("to " + std::to_string(i)));
    other.tun.send(inner("back " + std::to_string(i)));
    if (i % 32 != 31 && i != count - 1) continue;
    const auto wanted = static_cast<std::size_t>(i) + 1;
    ASSERT_TRUE(eventually([&] {
      return other.tun.arrived().size() == wanted && one.tun.arrived().size() == wanted;
    })) << other.tun.arrived().size()
        << " and " << one.tun.arrived().size() << " of " << wanted;
  }
  const auto there = other.tun.arrived(), here = one.tun.arrived();
  for (int i = 0; i < count; ++i) {
    EXPECT_EQ(there[static_cast<std::size_t>(i)], inner("to " + std::to_string(i)));
    EXPECT_EQ(here[static_cast<std::size_t>(i)], inner("back " + std::to_string(i)));
  }
}

TEST_F(LanesTest, carry_packets_over_udp_and_again_after_a_stop) {
  in_own_network([] {
    UdpSettings settings;
    settings.local = ip::Address::parse("127.0.0.1");
    settings.local_port = 0;
    const auto link = UdpLink::open(settings).value(), far_link = UdpLink::open(settings).value();
    End near(*link, link->fd(), nullptr), far(*far_link, far_link->fd(), nullptr);
    near.meet({far_link->local(), {}, 0}, true);
    far.meet({link->local(), {}, 0}, false);
    near.start();
    far.start();
    exchange(near, far, 1000);
    near.stop();
    near.tun.send(inner("later"));
    EXPECT_FALSE(eventually([&] { return far.tun.arrived().size() > 1000; }, 20ms));
    near.start();
    EXPECT_TRUE(eventually([&] { return far.tun.arrived().size() > 1000; }));
  });
}

TEST_F(LanesTest, carry_packets_over_tcp) {
  in_own_network([] {
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    const auto link = TcpLink::create({}).value(), far_link = TcpLink::create({}).value();
    const std::uint32_t stream = link->adopt(Fd(ends[0])).value();
    const std::uint32_t far_stream = far_link->adopt(Fd(ends[1])).value();
    End near(*link, link->read_fd(), link.get()),
        far(*far_link, far_link->read_fd(), far_link.get());
    near.meet(*link->address(stream), true);
    far.meet(*far_link->address(far_stream), false);
    near.start();
    far.start();
    exchange(near, far, 1000);
  });
}

}  // namespace
}  // namespace adit::system
