#pragma once

namespace adit::ports {

// Wakes the thread behind it. Any thread may ring; ringing an awake thread is cheap.
class Doorbell {
 public:
  virtual ~Doorbell() = default;
  virtual void ring() = 0;
};

}  // namespace adit::ports
