#pragma once

#include <array>
#include <deque>
#include <functional>
#include <sys/epoll.h>
#include <unordered_map>

#include "base/bytes.h"
#include "system/inbox.h"
#include "system/tcp_stream.h"

namespace adit::system {

// The reading half of a TCP link: cuts the byte streams of all connections into packets.
//
//   epoll set -> one big read of one stream into the landing buffer, behind the rest of last time
//             -> whole frames are copied out until the packets are full
//             -> the incomplete tail is put aside with its stream
//
// Everything but add() and fd() is for the thread that reads.
class TcpReader {
 public:
  // ended  told about every stream this half has let go of, on the reading thread
  TcpReader(std::size_t largest_packet, std::function<void(std::uint32_t)> ended);
  [[nodiscard]] Status open();

  void add(TcpStreamPtr stream) { arrivals_.put(std::move(stream)); }  // any thread
  [[nodiscard]] int fd() const { return epoll_.get(); }

  [[nodiscard]] std::size_t read(std::span<Packet> packets, std::span<ports::LinkAddress> from,
                                 std::size_t front_room);
  [[nodiscard]] std::size_t take_closed(std::span<ports::LinkAddress> streams);

 private:
  static constexpr std::size_t most_events = 64;

  struct Half {
    TcpStreamPtr stream;
    Buffer tail;  // an incomplete frame
  };
  struct Output {
    std::span<Packet> packets;
    std::span<ports::LinkAddress> from;
    std::size_t front_room;
    std::size_t filled = 0;
    [[nodiscard]] bool full() const { return filled == packets.size(); }
  };

  void take_arrivals();
  Half* next_ready();
  void receive(Half& half);
  void cut(Output& out);
  void put_aside(Half& half);
  void lose(std::uint32_t number);

  std::size_t largest_packet_;
  std::function<void(std::uint32_t)> ended_;
  Inbox<TcpStreamPtr> arrivals_;
  Fd epoll_;
  std::unordered_map<std::uint32_t, Half> halves_;

  std::array<epoll_event, most_events> events_;
  std::size_t next_event_ = 0, event_count_ = 0;

  Buffer landing_;
  std::size_t begin_ = 0, end_ = 0;  // bytes of current_ not yet cut
  std::uint32_t current_ = 0;        // 0: the landing buffer is empty

  std::deque<ports::LinkAddress> closed_;
};

}  // namespace adit::system
