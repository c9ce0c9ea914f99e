#pragma once

// The ports in memory: fakes with behaviour, rather than mocks with expectations.

#include <deque>
#include <functional>
#include <map>
#include <set>

#include "base/log.h"
#include "base/time.h"
#include "ports/doorbell.h"
#include "ports/link_port.h"
#include "ports/network_port.h"
#include "ports/plugin_port.h"
#include "ports/process_port.h"
#include "ports/store_port.h"
#include "ports/tun_port.h"
#include "ports/tunnel_device.h"

namespace adit::sim {

class SilentBell final : public ports::Doorbell {
 public:
  void ring() override {}
};

// A tunnel device that is two queues.
class MemoryTun final : public ports::TunPort {
 public:
  std::size_t read(std::span<Packet> packets, std::size_t front_room) override;
  void write(std::span<Packet* const> packets, DropCounters& drops) override;

  std::deque<Buffer> to_tunnel;    // what the host sends into the tunnel
  std::deque<Buffer> from_tunnel;  // what came out of it
};

// A UDP socket whose packets go to whoever is given.
class MemoryLink final : public ports::LinkPort {
 public:
  using Send = std::function<void(Bytes datagram, const ports::LinkAddress& to)>;
  explicit MemoryLink(Send send) : send_(std::move(send)) {}

  std::size_t read(std::span<Packet> packets, std::span<ports::LinkAddress> from,
                   std::size_t front_room) override;
  std::size_t take_closed(std::span<ports::LinkAddress> streams) override;
  void write(std::span<const ports::OutgoingPacket> packets, DropCounters& drops) override;

  std::size_t take_too_large(std::span<ports::TooLarge> hints) override;

  std::deque<ports::LinkAddress> closed;  // streams that have ended
  std::optional<ports::LinkError> take_error() override {
    return std::exchange(error, std::nullopt);
  }

  std::deque<ports::TooLarge> too_large;  // what the network says
  std::optional<ports::LinkError> error;

  void arrive(Buffer datagram, const ports::LinkAddress& from) {
    inbox_.emplace_back(std::move(datagram), from);
  }
  [[nodiscard]] bool empty() const { return inbox_.empty(); }

 private:
  Send send_;
  std::deque<std::pair<Buffer, ports::LinkAddress>> inbox_;
};

class MemoryDevice final : public ports::TunnelDevice {
 public:
  Result<std::string> open() override {
    open_ = true;
    return name_;
  }
  void close() override { open_ = false; }
  bool is_open() const override { return open_; }
  const std::string& name() const override { return name_; }
  ports::TunOffloads offloads() const override { return {false, false, false, "in memory"}; }
  ports::TunTraffic traffic() const override { return {}; }

 private:
  std::string name_ = "tun0";
  bool open_ = false;
};

// A kernel that remembers addresses and routes.
class MemoryNetwork final : public ports::NetworkPort {
 public:
  Status configure_link(const std::string& device, unsigned mtu, std::optional<unsigned>) override {
    mtus[device] = mtu;
    return {};
  }
  Status add_address(const std::string& device, const ports::InterfaceAddress& address) override {
    constexpr unsigned least_mtu_for_v6 = 1280;
    const auto mtu = mtus.find(device);
    if (address.address.is_v6() && mtu != mtus.end() && mtu->second < least_mtu_for_v6) {
      return fail("add address {} dev {}: Invalid argument", address.address.text(), device);
    }
    addresses.emplace_back(device, address);
    return {};
  }
  Status remove_address(const std::string& device, const ports::InterfaceAddress& address) override;
  Result<ports::RouteChange> add_route(const ports::Route& route) override;
  Status remove_route(const ports::Route& route) override;
  Status set_route_mtu(const std::string& device, unsigned before, unsigned now) override {
    unsigned& mtu = route_mtus[device];
    if (mtu == before) mtu = now;
    return {};
  }
  std::vector<ports::Route> default_routes(ip::Family family) override;
  std::optional<ports::Path> path_to(const ip::Address& destination) override;
  std::vector<ports::LocalNetwork> local_networks() override { return {}; }
  Status set_hardware_address(const std::string&, const ip::MacAddress&) override { return {}; }
  std::optional<std::string> hardware_address(const std::string&) override { return {}; }
  bool forwarding_enabled(ip::Family family) override { return forwarding.contains(family); }

  std::set<ip::Family> forwarding{ip::Family::v4, ip::Family::v6};
  std::map<std::string, unsigned> mtus, route_mtus;
  std::vector<std::pair<std::string, ports::InterfaceAddress>> addresses;
  std::vector<ports::Route> routes;
  bool takes_routes = true;
};

// Programs that end at once with a given status.
class MemoryProcesses final : public ports::ProcessPort {
 public:
  void run(const ports::Command& command, std::function<void(Result<int>)> done) override;
  Result<int> run_and_wait(const ports::Command& command) override;
  void deliver();  // the answers of run(), on the caller's turn

  std::function<int(const ports::Command&)> status = [](const ports::Command&) { return 0; };
  std::vector<ports::Command> ran;
  bool hang = false;  // none ends

 private:
  std::deque<std::pair<std::function<void(Result<int>)>, int>> waiting_;
};

// Plugins that answer as they are told to; none as long as nothing is wanted.
class MemoryPlugins final : public ports::PluginPort {
 public:
  bool wants(ports::PluginEvent event) const override { return wanted.contains(event); }
  void call(ports::PluginCall call, std::function<void(ports::PluginReply)> done) override;
  ports::PluginReply call_and_wait(ports::PluginCall call) override;
  void forget_client(std::uint64_t client) override { forgotten.push_back(client); }
  void deliver();  // the answers of call(), on the caller's turn

  std::set<ports::PluginEvent> wanted;
  std::function<ports::PluginReply::One(const ports::PluginCall&)> answer =
      [](const ports::PluginCall&) {
        return ports::PluginReply::One{"plugin.so", 0, {}};
      };
  std::vector<ports::PluginCall> told;
  std::vector<std::uint64_t> forgotten;

 private:
  std::deque<std::pair<std::function<void(ports::PluginReply)>, ports::PluginReply>> waiting_;
};

class MemoryStore final : public ports::StorePort {
 public:
  Result<std::string> read(const std::string& path) override;
  Status rewrite(const std::string& path, std::string_view text) override;
  bool exists(const std::string& path) override { return files.contains(path); }
  std::vector<std::string> list(const std::string& folder, std::size_t most) override;
  std::optional<std::uint64_t> version(const std::string&) override { return 1; }
  Result<std::string> create_temporary(const std::string& dir, std::string_view tag,
                                       std::string_view text) override;
  void remove(const std::string& path) override { files.erase(path); }

  std::map<std::string, std::string> files;

 private:
  int next_ = 0;
};

// What a host makes of an echo request that comes to it; the answer may be cut on its way. Nothing:
// the packet is no request.
[[nodiscard]] std::optional<Buffer> echo_answer(Bytes packet);

// Keeps the lines; prints them when ADIT_SIM_LOG is set.
class MemoryLog final : public LogSink {
 public:
  explicit MemoryLog(std::string name);
  void write(const LogLine& line) override;
  int verbosity() const override { return verb_; }
  void at(Instant now) { now_ = now; }
  void show(int verb) { verb_ = verb; }

  std::deque<std::string> lines;  // the last few hundred

 private:
  std::string name_;
  int verb_ = 1;
  bool print_ = false;
  Instant now_;
};

}  // namespace adit::sim
