#include "system/late_tun.h"

#include <cerrno>
#include <cstring>
#include <sys/epoll.h>

namespace adit::system {

Result<std::unique_ptr<LateTun>> LateTun::create(const Settings& settings) {
  std::unique_ptr<LateTun> tun(new LateTun(settings));
  for (std::size_t i = 0; i < settings.queues; ++i) {
    auto queue = std::make_unique<Queue>();
    queue->readiness_ = Fd(epoll_create1(EPOLL_CLOEXEC));
    if (!queue->readiness_) return fail("epoll_create1: {}", std::strerror(errno));
    tun->queues_.push_back(std::move(queue));
  }
  return tun;
}

Result<std::string> LateTun::open() {
  if (is_open()) return name_;
  if (settings_.null) {
    null_open_ = true;
    name_ = "null";
    return name_;
  }
  if (Status opened = open_queues(); !opened) {
    close();
    return fail_with(opened.error());
  }
  TunDevice* const first = queues_[0]->owner_.get();
  for (const auto& queue : queues_) {
    TunDevice* const own = queue->owner_.get();
    queue->write_to_.store(own != nullptr ? own : first, std::memory_order_release);
    queue->read_from_.store(own, std::memory_order_release);
  }
  return name_;
}

Status LateTun::open_queues() {
  auto first = TunDevice::open(settings_.name, settings_.node, settings_.limit, settings_.queues,
                               settings_.layer);
  if (!first) return fail_with(first.error());
  name_ = (*first)->name();
  queues_[0]->owner_ = std::move(*first);
  for (const auto& queue : queues_) {
    if (queue != queues_[0]) queue->owner_ = queues_[0]->owner_->open_queue();
    if (queue->owner_ == nullptr) break;
    epoll_event event{};
    event.events = EPOLLIN;
    if (epoll_ctl(queue->readiness_.get(), EPOLL_CTL_ADD, queue->owner_->fd(), &event) != 0) {
      return fail("epoll_ctl for {}: {}", name_, std::strerror(errno));
    }
  }
  return {};
}

void LateTun::close() {
  for (const auto& queue : queues_) {
    queue->read_from_.store(nullptr, std::memory_order_release);
    queue->write_to_.store(nullptr, std::memory_order_release);
  }
  // The first was opened before the others and clears the device's offloads last.
  for (auto queue = queues_.rbegin(); queue != queues_.rend(); ++queue) (*queue)->owner_.reset();
  null_open_ = false;
}

ports::TunOffloads LateTun::offloads() const {
  const auto& first = queues_[0]->owner_;
  return first ? first->offloads() : ports::TunOffloads{};
}

ports::TunTraffic LateTun::traffic() const {
  ports::TunTraffic sum;
  for (const auto& queue : queues_) {
    if (queue->owner_ != nullptr) sum += queue->owner_->traffic();
  }
  return sum;
}

std::size_t LateTun::Queue::read(std::span<Packet> packets, std::size_t front_room) {
  TunDevice* device = read_from_.load(std::memory_order_acquire);
  return device != nullptr ? device->read(packets, front_room) : 0;
}

void LateTun::Queue::write(std::span<Packet* const> packets, DropCounters& drops) {
  if (TunDevice* device = write_to_.load(std::memory_order_acquire)) device->write(packets, drops);
}

}  // namespace adit::system
