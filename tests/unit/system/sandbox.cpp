#include "tests/unit/system/sandbox.h"

#include <cstdio>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "system/process.h"

namespace adit::system {

namespace {

constexpr unsigned most_seconds = 60;

void bring_up_loopback() {
  const Fd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::string("lo").copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_flags = IFF_UP;
  ASSERT_EQ(ioctl(fd.get(), SIOCSIFFLAGS, &request), 0);
}

bool may_make_networks() {
  return in_child([] {
           if (unshare(CLONE_NEWNET) != 0) _exit(1);
         }) == 0;
}

}  // namespace

int in_child(const std::function<void()>& body) {
  std::fflush(nullptr);
  const pid_t pid = fork();
  if (pid == 0) {
    alarm(most_seconds);
    body();
    std::fflush(nullptr);
    _exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return status;
}

void NetworkTest::SetUp() {
  if (geteuid() != 0 || !may_make_networks()) {
    GTEST_SKIP() << "SKIPPED: needs root and network namespaces";
  }
}

void RootTest::SetUp() {
  if (geteuid() != 0) GTEST_SKIP() << "SKIPPED: needs root";
}

void NetworkTest::in_own_network(const std::function<void()>& body) {
  const int status = in_child([&] {
    ASSERT_EQ(unshare(CLONE_NEWNET), 0);
    bring_up_loopback();
    body();
  });
  EXPECT_EQ(status, 0) << "the child ended with wait status " << status;
}

bool eventually(const std::function<bool()>& condition, Duration limit) {
  const Instant end = monotonic_now() + limit;
  while (!condition()) {
    if (monotonic_now() > end) return false;
    poll(nullptr, 0, 1);
  }
  return true;
}

bool run_until(Loop& loop, const std::function<bool()>& condition, Duration limit) {
  const Instant end = monotonic_now() + limit;
  while (!condition()) {
    if (monotonic_now() > end) return false;
    loop.run_once(std::min(end, monotonic_now() + 20ms));
  }
  return true;
}

std::string output_of(const std::vector<std::string>& argv) {
  const auto output = run_and_capture({argv, {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}}}, 65536);
  return output ? output->text : "";
}

std::unique_ptr<Loop> make_loop() {
  auto loop = Loop::create();
  EXPECT_TRUE(loop) << loop.error().text();
  return std::move(*loop);
}

}  // namespace adit::system
