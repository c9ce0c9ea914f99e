#include "system/network_watch.h"

#include <array>
#include <cerrno>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "system/kernel_error.h"

namespace adit::system {

namespace {

constexpr unsigned groups =
    RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;

}  // namespace

Result<std::unique_ptr<NetworkWatch>> NetworkWatch::start(Loop& loop, std::function<void()> changed,
                                                          Duration settle) {
  Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = groups;
  if (!socket || bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return kernel_refused(errno, "cannot watch the network of this host");
  }
  std::unique_ptr<NetworkWatch> watch(
      new NetworkWatch(loop, std::move(socket), std::move(changed), settle));
  Status watched = loop.watch(watch->socket_.get(), ready::to_read,
                              [raw = watch.get()](unsigned) { raw->take_news(); });
  if (!watched) return fail_with(std::move(watched.error()));
  return watch;
}

NetworkWatch::NetworkWatch(Loop& loop, Fd socket, std::function<void()> changed, Duration settle)
    : loop_(loop), socket_(std::move(socket)), changed_(std::move(changed)), settle_(settle) {}

NetworkWatch::~NetworkWatch() {
  loop_.cancel(timer_);
  loop_.unwatch(socket_.get());
}

// What exactly changed is asked anew by whoever is told, so the messages are only counted as one.
void NetworkWatch::take_news() {
  std::array<char, 4096> discarded;
  while (recv(socket_.get(), discarded.data(), discarded.size(), 0) >= 0 || errno == ENOBUFS ||
         errno == EINTR) {
  }
  if (timer_ != 0) return;
  timer_ = loop_.at(loop_.now() + settle_, [this] {
    timer_ = 0;
    changed_();
  });
}

}  // namespace adit::system
