#pragma once

#include <array>
#include <deque>
#include <set>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "system/inbox.h"
#include "system/tcp_stream.h"

namespace adit::system {

// Framed packets that a connection would not take at once.
class TcpBacklog {
 public:
  explicit TcpBacklog(std::size_t most_packets) : most_packets_(most_packets) {}

  [[nodiscard]] bool empty() const { return sent_ == bytes_.size(); }
  // frame     length and packet
  // already   bytes of it that are on the wire; such a packet is taken even when the queue is full
  // returns   false: the queue is full
  [[nodiscard]] bool add(Bytes frame, std::size_t already = 0);
  [[nodiscard]] Bytes rest() const { return Bytes(bytes_).subspan(sent_); }
  void sent(std::size_t count);

 private:
  std::size_t most_packets_;
  Buffer bytes_;
  std::size_t sent_ = 0;
  std::deque<std::size_t> ends_;  // of the packets in bytes_
};

// The writing half of a TCP link: puts packets into frames, many per system call, and keeps a
// bounded queue for each connection that is slow. Everything but add(), drop(), close() and fd() is
// for the thread that writes.
class TcpWriter {
 public:
  explicit TcpWriter(std::size_t queue_packets) : queue_packets_(queue_packets) {}
  [[nodiscard]] Status open();

  // Any thread.
  void add(TcpStreamPtr stream) { inbox_.put({Word::add, 0, std::move(stream)}); }
  void drop(std::uint32_t stream) { inbox_.put({Word::drop, stream, nullptr}); }
  void close(std::uint32_t stream) { inbox_.put({Word::close, stream, nullptr}); }
  [[nodiscard]] int fd() const { return epoll_.get(); }

  void write(std::span<const ports::OutgoingPacket> packets, DropCounters& drops);
  bool flush();

 private:
  enum class Word { add, drop, close };
  struct Message {
    Word word;
    std::uint32_t number;
    TcpStreamPtr stream;
  };
  struct Half {
    TcpStreamPtr stream;
    TcpBacklog backlog;
    std::uint8_t tos = 0;  // as the socket has it
  };
  static constexpr std::size_t most_pieces = 64;
  static constexpr std::size_t most_events = 64;

  void take_inbox();
  bool shut_closing();
  void write_run(Half& half, std::span<const ports::OutgoingPacket> run, DropCounters& drops);
  void send_run(Half& half, std::span<const ports::OutgoingPacket> run, DropCounters& drops);
  bool drain(Half& half);
  void wait_for_room(Half& half);
  void stop_waiting(std::uint32_t number, int fd);
  void forget(std::uint32_t number);
  void give_up(Half& half);

  std::size_t queue_packets_;
  Inbox<Message> inbox_;
  Fd epoll_;
  std::unordered_map<std::uint32_t, Half> halves_;
  std::set<std::uint32_t> waiting_;     // for room
  std::vector<std::uint32_t> closing_;  // to be shut at the next flush
  std::array<iovec, most_pieces> pieces_;
  std::array<epoll_event, most_events> events_;
};

}  // namespace adit::system
