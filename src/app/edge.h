#pragma once

#include <memory>
#include <vector>

#include "app/outside.h"
#include "app/runtime.h"
#include "plane/data_plane.h"
#include "system/joined_link.h"
#include "system/lane_thread.h"
#include "system/late_tun.h"
#include "system/socks_link.h"
#include "system/tcp_link.h"

namespace adit::app {

// One run's links, data plane and lane threads. The tun device is the process's and outlives it.
class Edge {
 public:
  // Where we listen over UDP, each with one socket for each pair of lanes; TCP is for an only pair.
  struct Link {
    std::vector<std::vector<std::unique_ptr<system::UdpLink>>> udp;
    std::unique_ptr<system::TcpLink> tcp;
    std::unique_ptr<system::SocksLink> relay;  // in front of the only UDP socket
    [[nodiscard]] std::size_t lanes() const { return tcp ? 1 : udp.front().size(); }
  };
  // PlaneSetup::lanes follows from link.
  [[nodiscard]] static Result<std::unique_ptr<Edge>> create(Runtime& runtime,
                                                            plane::PlaneSetup setup,
                                                            system::LateTun& tun, Link link);
  ~Edge();
  Edge(const Edge&) = delete;
  Edge& operator=(const Edge&) = delete;

  [[nodiscard]] Status start();
  void stop();  // afterwards no lane runs
  // That the kernel has refused to cut trains since the last call; mostly empty.
  [[nodiscard]] std::string take_news();
  // Whether every lane has moved on since the last call, or has nothing to do.
  [[nodiscard]] bool lanes_alive();

  [[nodiscard]] plane::DataPlane& plane() { return *plane_; }
  [[nodiscard]] ports::LinkPort& link() { return *lanes_.front().link; }
  // A client's socket; nullptr over TCP.
  [[nodiscard]] system::UdpLink* udp() {
    return link_.udp.empty() ? nullptr : link_.udp.front().front().get();
  }

 private:
  // What one pair of lanes sleeps behind and runs in.
  struct Lane {
    std::unique_ptr<system::JoinedLink> joined;  // nullptr: there is one socket
    ports::LinkPort* link = nullptr;
    std::unique_ptr<system::EventDoorbell> up_bell, down_bell;
    std::unique_ptr<system::LaneThread> up, down;
    std::uint64_t up_beat = 0, down_beat = 0;  // as last seen
  };

  Edge(Runtime& runtime, system::LateTun& tun, Link link)
      : runtime_(runtime), tun_(tun), link_(std::move(link)) {}

  void join_sockets();
  [[nodiscard]] Status make_bells();
  [[nodiscard]] Status start_up(std::size_t number);
  [[nodiscard]] Status start_down(std::size_t number);

  Runtime& runtime_;
  system::LateTun& tun_;
  Link link_;
  std::unique_ptr<system::EventDoorbell> control_bell_;
  std::vector<Lane> lanes_;
  std::unique_ptr<plane::DataPlane> plane_;
  bool told_refusal_ = false;
};

}  // namespace adit::app
