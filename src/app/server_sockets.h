#pragma once

#include <memory>
#include <vector>

#include "app/edge.h"
#include "app/port_share.h"

namespace adit::app {

// Where a server listens: every socket that its configuration asks for.
class ServerSockets {
 public:
  // Gets each new TCP connection of a client; called on the loop's thread, from open() on.
  using Met = std::function<void(const ports::LinkAddress&)>;
  struct Sizes {
    std::size_t lanes = 1;
    std::size_t largest_packet = 0, most_peers = 0;
  };

  ServerSockets(Runtime& runtime, const options::Config& config, Met met)
      : runtime_(runtime), config_(config), met_(std::move(met)) {}

  // The link's owner outlives this.
  [[nodiscard]] Result<Edge::Link> open(const Sizes& sizes);
  // After the process has become what it will be.
  [[nodiscard]] Status start() { return share_ ? share_->start() : Status(); }

 private:
  [[nodiscard]] Status open_tcp(const Sizes& sizes, Edge::Link& link);
  [[nodiscard]] Status listen(const options::Listen& where);
  void tell(const char* kind, const ip::Endpoint& own);
  void adopt(system::Fd socket);

  Runtime& runtime_;
  const options::Config& config_;
  Met met_;
  system::TcpLink* tcp_ = nullptr;
  std::vector<std::unique_ptr<system::TcpListener>> listeners_;
  std::unique_ptr<PortShare> share_;
};

}  // namespace adit::app
