#include "system/notify.h"

#include <cstddef>
#include <cstdlib>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"

namespace adit::system {

ServiceNotifier::ServiceNotifier(std::string_view socket) {
  sockaddr_un address{};
  if (socket.empty() || socket.size() >= sizeof address.sun_path) return;
  if (socket.front() != '/' && socket.front() != '@') return;
  address.sun_family = AF_UNIX;
  socket.copy(address.sun_path, socket.size());
  const bool abstract = socket.front() == '@';
  if (abstract) address.sun_path[0] = '\0';
  const auto size =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket.size() + (abstract ? 0 : 1));
  Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd || connect(fd.get(), reinterpret_cast<sockaddr*>(&address), size) != 0) return;
  socket_ = std::move(fd);
}

ServiceNotifier ServiceNotifier::from_environment() {
  const char* const socket = std::getenv("NOTIFY_SOCKET");
  return ServiceNotifier(socket != nullptr ? socket : "");
}

bool ServiceNotifier::send(std::string_view text) const {
  return socket_ && ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL) >= 0;
}

bool ServiceNotifier::send_reloading(Instant now) const {
  const auto since = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch());
  return send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(since.count()));
}

std::optional<Duration> watchdog_period() {
  const char* const period = std::getenv("WATCHDOG_USEC");
  const char* const process = std::getenv("WATCHDOG_PID");
  if (period == nullptr) return std::nullopt;
  if (process != nullptr && to_number<pid_t>(process) != getpid()) return std::nullopt;
  const auto count = to_number<std::int64_t>(period);
  if (!count || *count <= 0) return std::nullopt;
  return std::chrono::microseconds(*count);
}

}  // namespace adit::system
