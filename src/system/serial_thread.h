#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"

namespace adit::system {

// A thread that does one task after the other, and is left behind when one of them never ends: for
// code that is not ours. All calls are the owner's.
class SerialThread {
 public:
  using Task = std::function<void()>;  // owns what it needs: it may run after the owner has gone

  explicit SerialThread(std::string name);  // as tools show it
  // Drops what has not begun.
  ~SerialThread();
  SerialThread(const SerialThread&) = delete;
  SerialThread& operator=(const SerialThread&) = delete;

  // The task's number. The first one starts the thread.
  [[nodiscard]] Result<std::uint64_t> put(Task task);
  // True: it is over.
  [[nodiscard]] bool wait_for(std::uint64_t task, Duration most);
  // Drops a task that has not begun.
  void take_back(std::uint64_t task);

  struct Running {
    std::uint64_t task = 0;
    Instant since;
  };
  [[nodiscard]] std::optional<Running> running() const;
  [[nodiscard]] bool started() const { return started_; }

 private:
  struct Desk;

  std::string name_;
  std::shared_ptr<Desk> desk_;
  std::uint64_t last_ = 0;
  bool started_ = false;
};

}  // namespace adit::system
