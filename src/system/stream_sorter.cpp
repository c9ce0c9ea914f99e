#include "system/stream_sorter.h"

#include <array>
#include <cerrno>
#include <sys/socket.h>

#include "base/assert.h"
#include "system/kernel_error.h"

namespace adit::system {

namespace {

constexpr std::size_t most_telling = 64;

// The loop is level-triggered: it must not wake for bytes that were looked at already.
void wake_from(int socket, std::size_t bytes) {
  const int count = static_cast<int>(bytes);
  setsockopt(socket, SOL_SOCKET, SO_RCVLOWAT, &count, sizeof count);
}

}  // namespace

StreamSorter::~StreamSorter() {
  loop_.cancel(timer_);
  for (const auto& [fd, waiting] : by_fd_) loop_.unwatch(fd);
}

void StreamSorter::take(Fd connection) {
  ADIT_ASSERT(setup_.telling_bytes <= most_telling);
  if (waiting_.size() >= setup_.most_waiting) static_cast<void>(let_go(waiting_.begin()));
  const int fd = connection.get();
  if (!loop_.watch(fd, ready::to_read, [this, fd](unsigned) { look(fd); })) return;
  waiting_.push_back({std::move(connection), loop_.now() + setup_.patience});
  by_fd_.emplace(fd, std::prev(waiting_.end()));
  if (timer_ == 0) set_alarm();
}

void StreamSorter::look(int fd) {
  const auto waiting = by_fd_.at(fd);
  std::array<std::uint8_t, most_telling> bytes{};
  const ssize_t count = recv(fd, bytes.data(), setup_.telling_bytes, MSG_PEEK | MSG_DONTWAIT);
  if (count < 0 && (would_block(errno) || errno == EINTR)) return;
  const std::size_t seen = count < 0 ? 0 : static_cast<std::size_t>(count);
  const bool ended = seen == waiting->seen;  // woken, and no byte more: there will be none
  const Verdict verdict = ended ? Verdict::more : setup_.judge(Bytes(bytes).first(seen));
  if (verdict == Verdict::more && !ended) {
    waiting->seen = seen;
    return wake_from(fd, seen + 1);
  }
  Fd connection = let_go(waiting);
  if (verdict == Verdict::more) return;
  wake_from(fd, 1);
  (verdict == Verdict::first ? setup_.first : setup_.second)(std::move(connection));
}

Fd StreamSorter::let_go(std::list<Waiting>::iterator waiting) {
  Fd connection = std::move(waiting->connection);
  loop_.unwatch(connection.get());
  by_fd_.erase(connection.get());
  waiting_.erase(waiting);
  return connection;
}

void StreamSorter::set_alarm() {
  timer_ = waiting_.empty() ? 0 : loop_.at(waiting_.front().until, [this] { end_silent(); });
}

void StreamSorter::end_silent() {
  while (!waiting_.empty() && waiting_.front().until <= loop_.now()) {
    static_cast<void>(let_go(waiting_.begin()));
  }
  set_alarm();
}

}  // namespace adit::system
