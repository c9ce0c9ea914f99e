// For LD_PRELOAD: all TCP sockets of a program use cubic, as those of nearly every host. A host's
// own default may pace with timers of its own (BBR), and a connection that began so keeps them when
// it changes, which is what iperf3 -C makes it do.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace {

constexpr int kind_of(int type) { return type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC); }

}  // namespace

extern "C" int socket(int domain, int type, int protocol) {
  using Socket = int (*)(int, int, int);
  static const auto real = reinterpret_cast<Socket>(dlsym(RTLD_NEXT, "socket"));
  const int made = real(domain, type, protocol);
  const bool tcp = (domain == AF_INET || domain == AF_INET6) && kind_of(type) == SOCK_STREAM;
  constexpr const char name[] = "cubic";
  if (made >= 0 && tcp && setsockopt(made, IPPROTO_TCP, TCP_CONGESTION, name, std::strlen(name))) {
    std::perror("this kernel has no TCP congestion control \"cubic\"");
    std::exit(1);
  }
  return made;
}
