#pragma once

#include <atomic>
#include <cerrno>
#include <mutex>
#include <sys/eventfd.h>
#include <vector>

#include "base/result.h"
#include "system/fd.h"
#include "system/kernel_error.h"

namespace adit::system {

// Rare messages for a thread that sleeps on an epoll set: connections that come and go. Asking
// whether there is something costs one load.
template <typename Message>
class Inbox {
 public:
  [[nodiscard]] Status open() {
    bell_ = Fd(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    if (!bell_) return kernel_refused(errno, "cannot make an event descriptor");
    return {};
  }

  // Any thread.
  void put(Message message) {
    const std::lock_guard lock(lock_);
    messages_.push_back(std::move(message));
    filled_.store(true, std::memory_order_release);
    eventfd_write(bell_.get(), 1);
  }
  // Makes fd() readable without a message.
  void ring() {
    const std::lock_guard lock(lock_);
    filled_.store(true, std::memory_order_release);
    eventfd_write(bell_.get(), 1);
  }

  // The owner: everything since the last time, oldest first.
  [[nodiscard]] std::vector<Message> take() {
    std::vector<Message> taken;
    if (!filled_.load(std::memory_order_acquire)) return taken;
    const std::lock_guard lock(lock_);
    filled_.store(false, std::memory_order_relaxed);
    eventfd_t count = 0;
    eventfd_read(bell_.get(), &count);
    taken.swap(messages_);
    return taken;
  }
  [[nodiscard]] int fd() const { return bell_.get(); }

 private:
  Fd bell_;
  std::mutex lock_;
  std::vector<Message> messages_;
  std::atomic<bool> filled_{false};
};

}  // namespace adit::system
