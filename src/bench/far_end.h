#pragma once

#include <cstdint>
#include <sys/types.h>

#include "base/result.h"
#include "system/fd.h"

namespace adit::bench {

// The other host of a tunnel that is measured: a child process in a network namespace of its own,
// which takes TCP bytes, gives TCP bytes, counts UDP packets and sends them back. It dies with its
// parent, and the namespace with it.
namespace far_port {
inline constexpr std::uint16_t sink = 5001, source = 5002, count = 5003, echo = 5004, ask = 5005;
}  // namespace far_port
// How much both ends give and take with one call: bytes of TCP, packets of UDP.
inline constexpr std::size_t traffic_chunk = 256 * 1024, traffic_batch = 64;

// What has arrived there so far.
struct FarCounts {
  std::uint64_t bytes = 0;    // at the sink
  std::uint64_t packets = 0;  // at count
};

class FarEnd {
 public:
  // Before this process has threads.
  [[nodiscard]] static Result<FarEnd> start();
  ~FarEnd();
  FarEnd(FarEnd&& other) noexcept;
  FarEnd& operator=(FarEnd&&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  // Its devices have their addresses now: it opens its ports. address: of its outer device.
  [[nodiscard]] Status open(const char* device, const char* address);

 private:
  FarEnd(pid_t pid, system::Fd orders, system::Fd answers)
      : pid_(pid), orders_(std::move(orders)), answers_(std::move(answers)) {}
  pid_t pid_;
  system::Fd orders_, answers_;
};

}  // namespace adit::bench
