#include "system/serial_thread.h"

#include <condition_variable>
#include <deque>
#include <mutex>

#include "system/clock.h"
#include "system/thread.h"

namespace adit::system {

// Held by the thread as well, so that it outlives an owner who does not wait.
struct SerialThread::Desk {
  std::mutex lock;
  std::condition_variable filled, emptied;
  std::deque<std::pair<std::uint64_t, Task>> waiting;
  std::optional<Running> running;
  bool ends = false;

  void work();
  [[nodiscard]] bool is_over(std::uint64_t task) const {
    if (running && running->task == task) return false;
    for (const auto& [number, unused] : waiting) {
      if (number == task) return false;
    }
    return true;
  }
};

void SerialThread::Desk::work() {
  std::unique_lock guard(lock);
  for (;;) {
    filled.wait(guard, [this] { return ends || !waiting.empty(); });
    if (ends) return;
    Task task = std::move(waiting.front().second);
    running = Running{waiting.front().first, monotonic_now()};
    waiting.pop_front();
    guard.unlock();
    task();
    task = nullptr;
    guard.lock();
    running.reset();
    emptied.notify_all();
  }
}

SerialThread::SerialThread(std::string name)
    : name_(std::move(name)), desk_(std::make_shared<Desk>()) {}

SerialThread::~SerialThread() {
  const std::lock_guard guard(desk_->lock);
  desk_->ends = true;
  desk_->waiting.clear();
  desk_->filled.notify_all();
}

Result<std::uint64_t> SerialThread::put(Task task) {
  if (!started_) {
    auto thread = start_thread(name_, [desk = desk_] { desk->work(); });
    if (!thread) return fail_with(thread.error());
    thread->detach();
    started_ = true;
  }
  const std::lock_guard guard(desk_->lock);
  desk_->waiting.emplace_back(++last_, std::move(task));
  desk_->filled.notify_one();
  return last_;
}

bool SerialThread::wait_for(std::uint64_t task, Duration most) {
  std::unique_lock guard(desk_->lock);
  return desk_->emptied.wait_for(guard, most, [&] { return desk_->is_over(task); });
}

void SerialThread::take_back(std::uint64_t task) {
  const std::lock_guard guard(desk_->lock);
  std::erase_if(desk_->waiting, [&](const auto& one) { return one.first == task; });
}

std::optional<SerialThread::Running> SerialThread::running() const {
  const std::lock_guard guard(desk_->lock);
  return desk_->running;
}

}  // namespace adit::system
