#pragma once

// Places in which a test may do to the kernel what it likes: a child process, with a network of its
// own when asked for. A failed expectation in the child fails the test.

#include <functional>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "base/time.h"
#include "plane/lane.h"
#include "system/clock.h"
#include "system/loop.h"

namespace adit::system {

using namespace std::chrono_literals;

inline constexpr Duration patience = 10s;

// Runs body in a child and returns its wait status; 0 when every expectation held. The child is
// killed when it hangs.
int in_child(const std::function<void()>& body);

// Skips the test unless we are root and may make network namespaces.
class NetworkTest : public testing::Test {
 protected:
  void SetUp() override;
  // In a child process and a fresh network namespace with the loopback device up.
  static void in_own_network(const std::function<void()>& body);
};

class RootTest : public testing::Test {
 protected:
  void SetUp() override;
};

// Looks again and again until condition holds; false: it did not in time.
bool eventually(const std::function<bool()>& condition, Duration limit = patience);
// The same while loop runs.
bool run_until(Loop& loop, const std::function<bool()>& condition, Duration limit = patience);

// What the program prints, for comparing with the ip command; empty when there is none.
std::string output_of(const std::vector<std::string>& argv);

std::unique_ptr<Loop> make_loop();

inline std::string text_of(const Packet& packet) { return std::string(as_text(packet.bytes())); }

// A packet on its way out, with room in front.
class OutgoingPackets {
 public:
  explicit OutgoingPackets(std::size_t largest = 2048) : pool_(largest) {}
  ports::OutgoingPacket make(std::string_view text, const ports::LinkAddress& to) {
    Packet& packet = pool_[used_++ % plane::batch_packets];
    packet.assign(as_bytes(text), plane::front_room);
    return {&packet, to};
  }

 private:
  plane::PacketPool pool_;
  std::size_t used_ = 0;
};

}  // namespace adit::system
