#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/time.h"
#include "ip/address.h"

namespace adit::doctor {

// A way to send IP packets and to see what comes back: through a session of our own, or through the
// kernel.
class Inside {
 public:
  virtual ~Inside() = default;
  // A whole IP packet. False: it cannot be sent now.
  [[nodiscard]] virtual bool send(Bytes packet) = 0;
  // The next packet that arrived, as ip::look accepts it; waits for it until then.
  [[nodiscard]] virtual std::optional<Buffer> receive(Instant until) = 0;
  [[nodiscard]] virtual Instant now() = 0;
};

}  // namespace adit::doctor
