#pragma once

#include <memory>

#include "ports/network_port.h"

namespace adit::system {

// The host's interfaces, addresses and routes through rtnetlink, in the network namespace of the
// thread that creates it. A refusal reads like the command that would have done the same.
class Netlink final : public ports::NetworkPort {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Netlink>> open();
  ~Netlink() override;

  [[nodiscard]] Status configure_link(const std::string& device, unsigned mtu,
                                      std::optional<unsigned> tx_queue_length) override;
  [[nodiscard]] Status add_address(const std::string& device,
                                   const ports::InterfaceAddress& address) override;
  [[nodiscard]] Status remove_address(const std::string& device,
                                      const ports::InterfaceAddress& address) override;
  [[nodiscard]] Result<ports::RouteChange> add_route(const ports::Route& route) override;
  [[nodiscard]] Status remove_route(const ports::Route& route) override;
  [[nodiscard]] Status set_route_mtu(const std::string& device, unsigned before,
                                     unsigned now) override;
  [[nodiscard]] std::vector<ports::Route> default_routes(ip::Family family) override;
  [[nodiscard]] std::optional<ports::Path> path_to(const ip::Address& destination) override;
  [[nodiscard]] std::vector<ports::LocalNetwork> local_networks() override;
  [[nodiscard]] std::optional<std::string> hardware_address(const std::string& device) override;
  [[nodiscard]] Status set_hardware_address(const std::string& device,
                                            const ip::MacAddress& address) override;
  [[nodiscard]] bool forwarding_enabled(ip::Family family) override;

 private:
  class Socket;
  explicit Netlink(std::unique_ptr<Socket> socket);

  std::unique_ptr<Socket> socket_;
};

}  // namespace adit::system
