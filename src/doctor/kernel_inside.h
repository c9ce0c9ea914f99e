#pragma once

#include <deque>
#include <memory>
#include <string>

#include "base/result.h"
#include "doctor/inside.h"
#include "system/fd.h"

namespace adit::doctor {

// Echo requests of this host's own kernel: by its routes, or through one device. Blocks while it
// waits.
class KernelInside final : public Inside {
 public:
  // device: "tun0"; empty: as the routes say. Needs CAP_NET_RAW.
  [[nodiscard]] static Result<std::unique_ptr<KernelInside>> open(const std::string& device = {});

  // ICMP and ICMPv6 packets only.
  [[nodiscard]] bool send(Bytes packet) override;
  [[nodiscard]] std::optional<Buffer> receive(Instant until) override;
  [[nodiscard]] Instant now() override;

 private:
  KernelInside(system::Fd v4, system::Fd v6) : v4_(std::move(v4)), v6_(std::move(v6)) {}
  void take_v4();
  void take_v6();

  system::Fd v4_, v6_;  // the second may be missing
  std::deque<Buffer> arrived_;
};

}  // namespace adit::doctor
