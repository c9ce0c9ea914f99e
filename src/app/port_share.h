#pragma once

#include <memory>

#include "app/runtime.h"
#include "system/stream_relay.h"
#include "system/stream_sorter.h"

namespace adit::app {

// "port-share": connections to a server's TCP port that do not begin as ours do go on to another
// server.
class PortShare {
 public:
  using Take = std::function<void(system::Fd)>;
  // Looks the other server's name up, for which the loop is turned.
  //
  // ours     gets the connections of our own clients
  // returns  nullptr: it is not configured
  [[nodiscard]] static Result<std::unique_ptr<PortShare>> create(Runtime& runtime,
                                                                 const options::Config& config,
                                                                 Take ours);

  // Starts its thread: after the process has become what it will be.
  [[nodiscard]] Status start();
  void take(system::Fd connection) { sorter_.take(std::move(connection)); }

 private:
  PortShare(Runtime& runtime, const options::Config& config, Take ours);

  void hand_on(system::Fd connection);

  Runtime& runtime_;
  system::StreamRelay::Setup setup_;
  std::unique_ptr<system::StreamRelay> relay_;
  system::StreamSorter sorter_;
};

}  // namespace adit::app
