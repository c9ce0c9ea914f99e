#pragma once

#include <string>

#include "base/result.h"

namespace adit::ports {

// The tunnel device itself, apart from the packets in it. Control thread only.
class TunnelDevice {
 public:
  virtual ~TunnelDevice() = default;
  // Opens the configured device and gives its name (tun0). Harmless when it is open.
  [[nodiscard]] virtual Result<std::string> open() = 0;
  // Only while no lane runs.
  virtual void close() = 0;
  [[nodiscard]] virtual bool is_open() const = 0;
  [[nodiscard]] virtual const std::string& name() const = 0;  // empty before open()
};

}  // namespace adit::ports
