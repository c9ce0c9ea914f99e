#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ip/address.h"
#include "ip/ethernet.h"

namespace adit::ports {

// An address of the tunnel device. peer: the other end of a point-to-point link (net30, p2p),
// otherwise the prefix is on-link.
struct InterfaceAddress {
  ip::Address address;
  std::uint8_t prefix_length = 32;
  std::optional<ip::Address> peer;
  std::optional<ip::Address> broadcast;
  bool operator==(const InterfaceAddress&) const = default;
};

struct Route {
  ip::Prefix destination;
  std::optional<ip::Address> gateway;
  std::string device;  // empty: the kernel finds it from the gateway
  std::optional<std::uint32_t> metric;
  std::uint32_t table = 0;  // 0: main
  bool onlink = false;      // the gateway is reached by the device, whatever the addresses say
  // Of a route of somebody else's that is taken away and put back.
  std::uint8_t protocol = 0;  // RTPROT_*; 0: ours
  std::optional<ip::Address> source = {};
  bool operator==(const Route&) const = default;
};

// How the host would reach an address now.
struct Path {
  std::optional<ip::Address> gateway;
  std::string device;
  std::optional<ip::Address> source;
  bool onlink = false;  // as Route's
  bool operator==(const Path&) const = default;
};

struct LocalNetwork {
  std::string device;
  ip::Address address;
  std::uint8_t prefix_length = 0;
};

enum class RouteChange { added, existed };

// The host's interfaces, addresses and routes. Control thread only; calls are synchronous.
class NetworkPort {
 public:
  virtual ~NetworkPort() = default;

  [[nodiscard]] virtual Status configure_link(const std::string& device, unsigned mtu,
                                              std::optional<unsigned> tx_queue_length) = 0;
  [[nodiscard]] virtual Status set_hardware_address(const std::string& device,
                                                    const ip::MacAddress& address) = 0;
  [[nodiscard]] virtual Status add_address(const std::string& device,
                                           const InterfaceAddress& address) = 0;
  [[nodiscard]] virtual Status remove_address(const std::string& device,
                                              const InterfaceAddress& address) = 0;
  // existed: an equal route was there before; it is not ours to remove.
  [[nodiscard]] virtual Result<RouteChange> add_route(const Route& route) = 0;
  [[nodiscard]] virtual Status remove_route(const Route& route) = 0;
  // Unicast routes of the main table through the device, whoever made them: those whose MTU is
  // `before` get `now` (0: none of their own). What somebody else has set stays.
  [[nodiscard]] virtual Status set_route_mtu(const std::string& device, unsigned before,
                                             unsigned now) = 0;
  // Default routes of the main table, best first: for redirect-gateway without def1.
  [[nodiscard]] virtual std::vector<Route> default_routes(ip::Family family) = 0;
  [[nodiscard]] virtual std::optional<Path> path_to(const ip::Address& destination) = 0;
  [[nodiscard]] virtual std::vector<LocalNetwork> local_networks() = 0;
  [[nodiscard]] virtual std::optional<std::string> hardware_address(const std::string& device) = 0;
  [[nodiscard]] virtual bool forwarding_enabled(ip::Family family) = 0;
};

}  // namespace adit::ports
