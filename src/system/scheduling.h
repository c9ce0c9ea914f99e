#pragma once

#include <optional>

#include "system/courtesy.h"
#include "system/fd.h"

namespace adit::system {

// How the kernel schedules the calling thread. Belongs to the thread that made it.
class Scheduling {
 public:
  Scheduling();

  // After a turn that had work.
  void after_turn(Instant now) {
    if (own_ && courtesy_.due(now)) look(now);
  }

 private:
  void look(Instant now);
  [[nodiscard]] std::optional<RunDelay> run_delay() const;

  Fd told_;   // where the kernel tells how long the thread has waited
  bool own_;  // it tells, and nobody has chosen another way for the whole process (chrt)
  bool batch_ = false;
  Courtesy courtesy_;
};

}  // namespace adit::system
