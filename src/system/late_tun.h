#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "ports/tunnel_device.h"
#include "system/fd.h"
#include "system/tun_device.h"

namespace adit::system {

// A tun device that may be opened while the lanes already run: a client learns its addresses only
// from the server. Until then it is empty.
class LateTun final : public ports::TunnelDevice {
 public:
  struct Settings {
    std::string name = "tun";  // as for TunDevice::open
    std::string node = default_tun_node;
    bool null = false;  // "dev null"
    TunOffloadLimit limit = TunOffloadLimit::all;
    std::size_t queues = 1;
    TunLayer layer = TunLayer::ip;
  };
  [[nodiscard]] static Result<std::unique_ptr<LateTun>> create(const Settings& settings);

  // One pair of lanes' end of the device. Where the device has fewer queues than were asked for,
  // nothing comes out of the later ones, and what is written there goes the first one's way.
  class Queue final : public ports::TunPort {
   public:
    // Readable when the device is open and has packets; the same for the whole life.
    [[nodiscard]] int fd() const { return readiness_.get(); }
    [[nodiscard]] std::size_t read(std::span<Packet> packets, std::size_t front_room) override;
    void write(std::span<Packet* const> packets, DropCounters& drops) override;

   private:
    friend class LateTun;
    Fd readiness_;  // an epoll set that the device joins when it opens
    std::unique_ptr<TunDevice> owner_;
    std::atomic<TunDevice*> read_from_{nullptr}, write_to_{nullptr};
  };
  [[nodiscard]] Queue& queue(std::size_t number) { return *queues_[number]; }
  [[nodiscard]] std::size_t queues() const { return queues_.size(); }

  // Control thread.
  [[nodiscard]] Result<std::string> open() override;
  void close() override;  // only while no lane runs
  [[nodiscard]] bool is_open() const override { return null_open_ || queues_[0]->owner_; }
  [[nodiscard]] const std::string& name() const override { return name_; }
  [[nodiscard]] ports::TunOffloads offloads() const override;
  [[nodiscard]] ports::TunTraffic traffic() const override;

 private:
  explicit LateTun(Settings settings) : settings_(std::move(settings)) {}

  [[nodiscard]] Status open_queues();

  Settings settings_;
  std::vector<std::unique_ptr<Queue>> queues_;
  std::string name_;
  bool null_open_ = false;
};

}  // namespace adit::system
