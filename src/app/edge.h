#pragma once

#include <memory>

#include "app/runtime.h"
#include "plane/data_plane.h"
#include "system/lane_thread.h"
#include "system/late_tun.h"
#include "system/tcp_connect.h"
#include "system/tcp_link.h"
#include "system/udp_link.h"

namespace adit::app {

// One run's link, data plane and lane threads. The tun device is the process's and outlives it.
class Edge {
 public:
  // Exactly one of udp and tcp.
  struct Link {
    std::unique_ptr<system::UdpLink> udp;
    std::unique_ptr<system::TcpLink> tcp;
  };
  [[nodiscard]] static Result<std::unique_ptr<Edge>> create(Runtime& runtime,
                                                            const plane::PlaneSetup& setup,
                                                            system::LateTun& tun, Link link);
  ~Edge();
  Edge(const Edge&) = delete;
  Edge& operator=(const Edge&) = delete;

  [[nodiscard]] Status start();
  void stop();  // afterwards no lane runs

  [[nodiscard]] plane::DataPlane& plane() { return *plane_; }
  [[nodiscard]] ports::LinkPort& link();
  [[nodiscard]] system::TcpLink* tcp() { return link_.tcp.get(); }
  [[nodiscard]] system::UdpLink* udp() { return link_.udp.get(); }

 private:
  Edge(Runtime& runtime, system::LateTun& tun, Link link)
      : runtime_(runtime), tun_(tun), link_(std::move(link)) {}

  Runtime& runtime_;
  system::LateTun& tun_;
  Link link_;
  std::unique_ptr<system::EventDoorbell> control_bell_, up_bell_, down_bell_;
  std::unique_ptr<plane::DataPlane> plane_;
  std::unique_ptr<system::LaneThread> up_, down_;
};

// The socket options of a configuration.
[[nodiscard]] system::SocketSettings socket_settings(const options::Config& config);
[[nodiscard]] system::SocketSettings tcp_socket_settings(const options::Config& config);
[[nodiscard]] Result<std::uint16_t> port_number(const std::string& text, std::string_view what);
// Which family a listening or unbound socket speaks.
[[nodiscard]] Result<std::unique_ptr<system::UdpLink>> open_udp(
    const options::Config& config, const options::Connection& connection,
    std::optional<ip::Family> remote_family, Log log);

}  // namespace adit::app
