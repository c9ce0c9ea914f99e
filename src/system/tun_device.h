#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/result.h"
#include "ports/tun_port.h"
#include "system/fd.h"

namespace adit::system {

inline constexpr const char* default_tun_node = "/dev/net/tun";

// A tun device of the kernel. It vanishes with this object unless it was made persistent.
class TunDevice final : public ports::TunPort {
 public:
  // name  "tun": the first free of tun0 to tun255; anything else: that device
  [[nodiscard]] static Result<std::unique_ptr<TunDevice>> open(
      const std::string& name, const std::string& node = default_tun_node);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] int fd() const { return fd_.get(); }
  // Packets thrown away because they were larger than the reader's packets. Any thread.
  [[nodiscard]] std::uint64_t oversized() const {
    return oversized_.load(std::memory_order_relaxed);
  }

  [[nodiscard]] std::size_t read(std::span<Packet> packets, std::size_t front_room) override;
  void write(std::span<Packet* const> packets, DropCounters& drops) override;

 private:
  TunDevice(Fd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}

  Fd fd_;
  std::string name_;
  std::atomic<std::uint64_t> oversized_{0};
};

// "dev null": no inside at all.
class NullTun final : public ports::TunPort {
 public:
  [[nodiscard]] std::size_t read(std::span<Packet>, std::size_t) override { return 0; }
  void write(std::span<Packet* const>, DropCounters&) override {}
};

// A device that stays when the process ends; user and group (or empty) may open it without rights.
// Returns its name.
[[nodiscard]] Result<std::string> make_persistent(const std::string& name, const std::string& user,
                                                  const std::string& group,
                                                  const std::string& node = default_tun_node);
[[nodiscard]] Result<std::string> remove_persistent(const std::string& name,
                                                    const std::string& node = default_tun_node);

}  // namespace adit::system
