#include "system/doorbell.h"

#include <cerrno>
#include <sys/eventfd.h>

#include "system/kernel_error.h"

namespace adit::system {

Result<std::unique_ptr<EventDoorbell>> EventDoorbell::create() {
  Fd fd(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!fd) return kernel_refused(errno, "cannot make an event descriptor");
  return std::unique_ptr<EventDoorbell>(new EventDoorbell(std::move(fd)));
}

void EventDoorbell::ring() {
  if (state_.exchange(State::rung, std::memory_order_acq_rel) == State::sleeping) {
    eventfd_write(fd_.get(), 1);
  }
}

// An exchange and not a store: reading the ringer's value is what makes its queue visible.
void EventDoorbell::awake() { state_.exchange(State::awake, std::memory_order_acq_rel); }

bool EventDoorbell::may_sleep() {
  State found = State::awake;
  return state_.compare_exchange_strong(found, State::sleeping, std::memory_order_acq_rel) ||
         found == State::sleeping;
}

void EventDoorbell::answered() {
  eventfd_t rings = 0;
  eventfd_read(fd_.get(), &rings);
}

}  // namespace adit::system
