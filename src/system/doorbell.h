#pragma once

#include <atomic>
#include <memory>

#include "base/result.h"
#include "ports/doorbell.h"
#include "system/fd.h"

namespace adit::system {

// Wakes one sleeping thread through an eventfd. Whoever rings pays a system call only when the
// thread sleeps; otherwise the ring is remembered and may_sleep() says no.
//
//   for (;;) {
//     bell.awake();
//     look at every queue
//     if (nothing was there && bell.may_sleep()) wait until bell.fd() (or something else) is
//     readable if (bell.fd() was readable) bell.answered();
//   }
class EventDoorbell final : public ports::Doorbell {
 public:
  [[nodiscard]] static Result<std::unique_ptr<EventDoorbell>> create();

  void ring() override;

  // For the thread behind the bell.
  void awake();  // whatever was queued before an earlier ring is seen from here on
  [[nodiscard]] bool may_sleep();  // false: somebody rang since awake(); look once more
  void answered();
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  enum class State : int { awake, rung, sleeping };

  explicit EventDoorbell(Fd fd) : fd_(std::move(fd)) {}

  Fd fd_;
  std::atomic<State> state_{State::awake};
};

}  // namespace adit::system
