#include "system/tcp_stream.h"

#include <sys/socket.h>

#include "system/socket_address.h"

namespace adit::system {

TcpStream::TcpStream(std::uint32_t number, Fd socket, std::atomic<std::size_t>& open)
    : socket_(std::move(socket)), open_(open) {
  address_ = {remote_endpoint(socket_.get()), local_endpoint(socket_.get()).address, number};
  open_.fetch_add(1, std::memory_order_relaxed);
}

TcpStream::~TcpStream() { open_.fetch_sub(1, std::memory_order_relaxed); }

void TcpStream::shut() const { shutdown(socket_.get(), SHUT_RDWR); }

}  // namespace adit::system
