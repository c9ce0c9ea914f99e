#pragma once

#include <atomic>
#include <memory>

#include "ports/link_port.h"
#include "system/fd.h"

namespace adit::system {

// One TCP connection. Both halves of the link share it; the socket closes when the last of them has
// let go, so that no half ever meets a descriptor that means something else.
class TcpStream {
 public:
  TcpStream(std::uint32_t number, Fd socket, std::atomic<std::size_t>& open);
  ~TcpStream();
  TcpStream(const TcpStream&) = delete;
  TcpStream& operator=(const TcpStream&) = delete;

  [[nodiscard]] std::uint32_t number() const { return address_.stream; }
  [[nodiscard]] int fd() const { return socket_.get(); }
  [[nodiscard]] const ports::LinkAddress& address() const { return address_; }
  // Ends both directions; the reading half then meets the end and lets go. Any thread.
  void shut() const;

 private:
  Fd socket_;
  ports::LinkAddress address_;
  std::atomic<std::size_t>& open_;
};

using TcpStreamPtr = std::shared_ptr<TcpStream>;

}  // namespace adit::system
