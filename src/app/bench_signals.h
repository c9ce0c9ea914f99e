#pragma once

namespace adit::app {

// SIGINT, SIGTERM and SIGHUP from here on, in this thread and those it starts: they wait until
// somebody looks, so that what was begun is undone in order. Until the process ends.
class HeldSignals {
 public:
  HeldSignals();
  // Whether one has come, once and for all.
  [[nodiscard]] bool came() const;
};

}  // namespace adit::app
