#pragma once

#include <map>
#include <memory>
#include <optional>

#include "system/tcp_reader.h"
#include "system/tcp_writer.h"

namespace adit::system {

struct TcpLinkSettings {
  std::size_t largest_packet = 2048;
  std::size_t queue_packets = 64;  // tcp-queue-limit: per connection that does not take more now
  std::size_t most_streams = 1024;
};

// The outside over TCP connections, each a stream with a number of its own.
//
//   control thread   adopt(connected socket) -> number;  close(number)
//   down lane        read(), take_closed()   sleeps on read_fd()
//   up lane          write(), flush()        sleeps on write_fd()
//
// A stream ends when its peer ends it, when it breaks or by close(); it is then reported once by
// take_closed(). The socket is closed after both halves have let go of it.
class TcpLink final : public ports::LinkPort {
 public:
  [[nodiscard]] static Result<std::unique_ptr<TcpLink>> create(const TcpLinkSettings& settings);

  // Control thread. adopt() makes the socket non-blocking and sends small packets at once.
  [[nodiscard]] Result<std::uint32_t> adopt(Fd socket);
  // After what was given to the up lane before; a queue of packets is not waited for.
  void close(std::uint32_t stream);
  void close_stream(std::uint32_t stream) override { close(stream); }
  [[nodiscard]] std::optional<ports::LinkAddress> address(std::uint32_t stream) const;
  [[nodiscard]] std::size_t streams() const { return open_.load(std::memory_order_relaxed); }

  [[nodiscard]] int read_fd() const { return reader_.fd(); }
  [[nodiscard]] int write_fd() const { return writer_.fd(); }

  [[nodiscard]] std::size_t read(std::span<Packet> packets, std::span<ports::LinkAddress> from,
                                 std::size_t front_room) override {
    return reader_.read(packets, from, front_room);
  }
  [[nodiscard]] std::size_t take_closed(std::span<ports::LinkAddress> streams) override {
    return reader_.take_closed(streams);
  }
  // Each packet needs two bytes of room in front.
  void write(std::span<const ports::OutgoingPacket> packets, DropCounters& drops) override {
    writer_.write(packets, drops);
  }
  // To be called by the up lane's thread after every turn of the lane, cheap when idle. True:
  // something was done, take another turn.
  bool flush() { return writer_.flush(); }

 private:
  explicit TcpLink(const TcpLinkSettings& settings);

  TcpLinkSettings settings_;
  std::atomic<std::size_t> open_{0};
  std::uint32_t last_number_ = 0;
  std::map<std::uint32_t, std::weak_ptr<TcpStream>> known_;
  TcpWriter writer_;
  TcpReader reader_;
};

}  // namespace adit::system
