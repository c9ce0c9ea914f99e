#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "ports/tun_port.h"
#include "system/fd.h"
#include "system/tun_offloads.h"
#include "system/tun_reader.h"
#include "system/tun_writer.h"

namespace adit::system {

inline constexpr const char* default_tun_node = "/dev/net/tun";

// What a device carries: IP packets (tun), or Ethernet frames (tap).
enum class TunLayer { ip, ethernet };

// A tun or tap device of the kernel. It vanishes with this object unless it was made persistent.
class TunDevice final : public ports::TunPort {
 public:
  // name   "tun", "tap": the first free of tun0 to tun255; anything else: that device
  // limit  what the kernel may do for us at most; it may be less, see offloads()
  // queues more than one: open_queue() can be asked for more, if the device allows it. A device of
  //        which somebody else has a queue is in use, though the kernel would give us another
  [[nodiscard]] static Result<std::unique_ptr<TunDevice>> open(
      const std::string& name, const std::string& node = default_tun_node,
      TunOffloadLimit limit = TunOffloadLimit::all, std::size_t queues = 1,
      TunLayer layer = TunLayer::ip);
  // Another queue of this device: what is written there teaches the kernel to send the answers
  // there. Nothing: the device has only one.
  [[nodiscard]] std::unique_ptr<TunDevice> open_queue() const;
  ~TunDevice() override { clear_offloads(fd_.get()); }

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] const ports::TunOffloads& offloads() const { return offloads_; }
  [[nodiscard]] ports::TunTraffic traffic() const;  // any thread

  [[nodiscard]] std::size_t read(std::span<Packet> packets, std::size_t front_room) override {
    return reader_.read(packets, front_room);
  }
  void write(std::span<Packet* const> packets, DropCounters& drops) override {
    writer_.write(packets, drops);
  }

 private:
  TunDevice(Fd fd, std::string name, ports::TunOffloads offloads, TunLayer layer);

  Fd fd_;
  std::string name_, node_;
  bool many_queues_ = false;
  TunLayer layer_;
  ports::TunOffloads offloads_;
  TunReader reader_;  // the reading thread's
  TunWriter writer_;
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
                                                  const std::string& node = default_tun_node,
                                                  TunLayer layer = TunLayer::ip);
[[nodiscard]] Result<std::string> remove_persistent(const std::string& name,
                                                    const std::string& node = default_tun_node,
                                                    TunLayer layer = TunLayer::ip);

}  // namespace adit::system
