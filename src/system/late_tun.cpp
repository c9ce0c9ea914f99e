#include "system/late_tun.h"

#include <cerrno>
#include <cstring>
#include <sys/epoll.h>

namespace adit::system {

Result<std::unique_ptr<LateTun>> LateTun::create(const Settings& settings) {
  Fd readiness(epoll_create1(EPOLL_CLOEXEC));
  if (!readiness) return fail("epoll_create1: {}", std::strerror(errno));
  return std::unique_ptr<LateTun>(new LateTun(settings, std::move(readiness)));
}

Result<std::string> LateTun::open() {
  if (is_open()) return name_;
  if (settings_.null) {
    null_open_ = true;
    name_ = "null";
    return name_;
  }
  auto opened = TunDevice::open(settings_.name, settings_.node, settings_.limit);
  if (!opened) return fail_with(opened.error());
  owner_ = std::move(*opened);
  name_ = owner_->name();
  epoll_event event{};
  event.events = EPOLLIN;
  if (epoll_ctl(readiness_.get(), EPOLL_CTL_ADD, owner_->fd(), &event) != 0) {
    owner_.reset();
    return fail("epoll_ctl for {}: {}", name_, std::strerror(errno));
  }
  device_.store(owner_.get(), std::memory_order_release);
  return name_;
}

void LateTun::close() {
  device_.store(nullptr, std::memory_order_release);
  owner_.reset();
  null_open_ = false;
}

ports::TunOffloads LateTun::offloads() const {
  return owner_ ? owner_->offloads() : ports::TunOffloads{};
}

ports::TunTraffic LateTun::traffic() const {
  return owner_ ? owner_->traffic() : ports::TunTraffic{};
}

std::size_t LateTun::read(std::span<Packet> packets, std::size_t front_room) {
  TunDevice* device = device_.load(std::memory_order_acquire);
  return device != nullptr ? device->read(packets, front_room) : 0;
}

void LateTun::write(std::span<Packet* const> packets, DropCounters& drops) {
  if (TunDevice* device = device_.load(std::memory_order_acquire)) device->write(packets, drops);
}

}  // namespace adit::system
