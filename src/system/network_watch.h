#pragma once

#include <functional>
#include <memory>

#include "system/loop.h"

namespace adit::system {

// Tells that links, addresses or routes of the host have changed: once per flurry of changes, a
// moment after its first. Also when so much changed that the kernel lost count.
class NetworkWatch {
 public:
  [[nodiscard]] static Result<std::unique_ptr<NetworkWatch>> start(
      Loop& loop, std::function<void()> changed, Duration settle = std::chrono::milliseconds(300));
  ~NetworkWatch();
  NetworkWatch(const NetworkWatch&) = delete;
  NetworkWatch& operator=(const NetworkWatch&) = delete;

 private:
  NetworkWatch(Loop& loop, Fd socket, std::function<void()> changed, Duration settle);
  void take_news();

  Loop& loop_;
  Fd socket_;
  std::function<void()> changed_;
  Duration settle_;
  TimerId timer_ = 0;
};

}  // namespace adit::system
