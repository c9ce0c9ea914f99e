#pragma once

#include <atomic>
#include <memory>

#include "ports/tunnel_device.h"
#include "system/fd.h"
#include "system/tun_device.h"

namespace adit::system {

// A tun device that may be opened while the lanes already run: a client learns its addresses only
// from the server. Until then it is empty.
class LateTun final : public ports::TunPort, public ports::TunnelDevice {
 public:
  struct Settings {
    std::string name = "tun";  // as for TunDevice::open
    std::string node = default_tun_node;
    bool null = false;  // "dev null"
    TunOffloadLimit limit = TunOffloadLimit::all;
  };
  [[nodiscard]] static Result<std::unique_ptr<LateTun>> create(const Settings& settings);

  // Readable when the device is open and has packets; the same for the whole life.
  [[nodiscard]] int fd() const { return readiness_.get(); }

  // Control thread.
  [[nodiscard]] Result<std::string> open() override;
  void close() override;  // only while no lane runs
  [[nodiscard]] bool is_open() const override { return null_open_ || owner_ != nullptr; }
  [[nodiscard]] const std::string& name() const override { return name_; }
  [[nodiscard]] ports::TunOffloads offloads() const override;
  [[nodiscard]] ports::TunTraffic traffic() const override;

  [[nodiscard]] std::size_t read(std::span<Packet> packets, std::size_t front_room) override;
  void write(std::span<Packet* const> packets, DropCounters& drops) override;

 private:
  LateTun(Settings settings, Fd readiness)
      : settings_(std::move(settings)), readiness_(std::move(readiness)) {}

  Settings settings_;
  Fd readiness_;  // an epoll set that the device joins when it opens
  std::unique_ptr<TunDevice> owner_;
  std::atomic<TunDevice*> device_{nullptr};
  std::string name_;
  bool null_open_ = false;
};

}  // namespace adit::system
