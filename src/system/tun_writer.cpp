#include "system/tun_writer.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/uio.h>
#include <unistd.h>

namespace adit::system {

namespace {

Drop drop_of_write(int error) {
  switch (error) {
    case EAGAIN:
    case ENOBUFS:
    case ENOMEM:
      return Drop::queue_full;
    case EINVAL:
      return Drop::malformed;
    default:
      return Drop::link_error;
  }
}

template <typename Call>
void attempt(Call call, std::size_t packets, DropCounters& drops) {
  ssize_t count = 0;
  do {
    count = call();
  } while (count < 0 && errno == EINTR);
  if (count >= 0) return;
  const Drop reason = drop_of_write(errno);
  for (std::size_t i = 0; i < packets; ++i) drops.add(reason);
}

// The header and the pieces of one run, as the kernel wants them.
class Vector {
 public:
  explicit Vector(ip::Coalescer::Joined& run) {
    parts_[0] = {&run.header, sizeof run.header};
    for (const ip::Coalescer::Piece& piece : run.pieces) {
      // The kernel only reads from it.
      parts_[count_++] = {const_cast<std::uint8_t*>(piece.data), piece.size};
    }
  }
  [[nodiscard]] const iovec* data() const { return parts_.data(); }
  [[nodiscard]] int size() const { return static_cast<int>(count_); }

 private:
  std::array<iovec, ip::Coalescer::most_packets + 1> parts_;  // filled as far as count_ says
  std::size_t count_ = 1;
};

}  // namespace

void TunWriter::write(std::span<Packet* const> packets, DropCounters& drops) {
  std::size_t calls = 0;
  if (!vnet_) {
    calls = write_plain(packets, drops);
  } else {
    for (auto rest = packets; !rest.empty();) {
      const auto batch = rest.first(std::min(rest.size(), ip::Coalescer::most_packets));
      calls += write_runs(batch, drops);
      rest = rest.subspan(batch.size());
    }
  }
  writes_.fetch_add(calls, std::memory_order_relaxed);
  packets_.fetch_add(packets.size(), std::memory_order_relaxed);
}

std::size_t TunWriter::write_plain(std::span<Packet* const> packets, DropCounters& drops) const {
  for (const Packet* packet : packets) {
    attempt([&] { return ::write(fd_, packet->data(), packet->size()); }, 1, drops);
  }
  return packets.size();
}

std::size_t TunWriter::write_runs(std::span<Packet* const> packets, DropCounters& drops) const {
  ip::Coalescer coalescer(kinds_, packets);
  for (std::size_t i = 0; i < coalescer.runs(); ++i) {
    ip::Coalescer::Joined run = coalescer.run(i);
    const Vector vector(run);
    attempt([&] { return ::writev(fd_, vector.data(), vector.size()); }, run.packets, drops);
  }
  return coalescer.runs();
}

}  // namespace adit::system
