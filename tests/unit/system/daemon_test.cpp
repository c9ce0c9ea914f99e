#include "system/daemon.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "system/notify.h"
#include "tests/unit/system/sandbox.h"
#include "tests/unit/system/scratch.h"

namespace adit::system {
namespace {

TEST(Daemon, lets_its_parent_exit_with_0_and_goes_on_alone) {
  const Folder folder;
  const std::string report = folder / "report";
  const std::string cwd = std::filesystem::current_path().native();
  EXPECT_EQ(in_child([&] {
              const pid_t before = getpid();
              const Status done = daemonise(DaemonOutput::dev_null);
              std::string text = done ? "" : done.error().text();
              if (getpid() == before) text += "same process ";
              if (getsid(0) != getpid()) text += "no session of its own ";
              if (std::filesystem::current_path() != cwd) text += "other directory ";
              for (const char* fd : {"0", "1", "2"}) {
                const auto link = std::filesystem::read_symlink(std::string("/proc/self/fd/") + fd);
                if (link != "/dev/null") text += std::string(fd) + " is " + link.native() + " ";
              }
              std::ofstream(report + ".part") << (text.empty() ? "fine" : text);
              std::filesystem::rename(report + ".part", report);
              _exit(0);
            }),
            0);
  EXPECT_TRUE(eventually([&] { return std::filesystem::exists(report); }));
  EXPECT_EQ(text_of_file(report), "fine");
}

TEST(Daemon, may_keep_its_output) {
  const Folder folder;
  const std::string log = folder / "log";
  EXPECT_EQ(in_child([&] {
              if (std::freopen(log.c_str(), "w", stdout) == nullptr) _exit(2);
              if (!daemonise(DaemonOutput::unchanged)) _exit(3);
              std::printf("still here %s\n",
                          std::filesystem::read_symlink("/proc/self/fd/0").c_str());
              std::fflush(stdout);
              _exit(0);
            }),
            0);
  EXPECT_TRUE(eventually([&] { return text_of_file(log) == "still here /dev/null\n"; }))
      << text_of_file(log);
}

TEST(PidFile, holds_the_number_and_a_newline) {
  const Folder folder;
  folder.put("pid", "9999999999 old text\n", 0644);
  ASSERT_TRUE(write_pid_file(folder / "pid"));
  EXPECT_EQ(text_of_file(folder / "pid"), std::to_string(getpid()) + "\n");
  const mode_t mask = umask(022);
  ASSERT_TRUE(write_pid_file(folder / "fresh"));
  umask(mask);
  EXPECT_EQ(mode_of_file(folder / "fresh"), 0644u);
}

TEST(PidFile, that_cannot_be_written_is_an_error) {
  const Status status = write_pid_file("/nonexistent/pid");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().what,
            "cannot write the pid file /nonexistent/pid: No such file or directory");
}

TEST(Nice, lowers_the_priority) {
  EXPECT_EQ(in_child([] {
              EXPECT_TRUE(set_nice(7));
              EXPECT_EQ(getpriority(PRIO_PROCESS, 0), 7);
            }),
            0);
}

class DaemonRootTest : public RootTest {};

TEST_F(DaemonRootTest, memory_is_locked_on_demand) {
  EXPECT_EQ(in_child([] {
              const Status locked = lock_memory();
              EXPECT_TRUE(locked) << locked.error().text();
            }),
            0);
}

// A service manager's end of the socket.
struct Manager {
  explicit Manager(const std::string& name) {
    fd = Fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path, name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto size =
        static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + (name[0] != '@'));
    EXPECT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  }
  std::string receive() {
    char room[1024];
    const ssize_t count = recv(fd.get(), room, sizeof room, 0);
    return count < 0 ? "" : std::string(room, static_cast<std::size_t>(count));
  }
  Fd fd;
};

TEST(Notify, reaches_the_manager_by_path_and_by_abstract_name) {
  const Folder folder;
  for (const std::string& name : {folder / "notify", "@adit-test-" + std::to_string(getpid())}) {
    Manager manager(name);
    const ServiceNotifier notifier(name);
    EXPECT_TRUE(notifier.works());
    EXPECT_EQ(manager.receive(), "READY=0");
    EXPECT_TRUE(notifier.send("READY=1\nSTATUS=up\nMAINPID=1"));
    EXPECT_EQ(manager.receive(), "READY=1\nSTATUS=up\nMAINPID=1");
  }
}

TEST(Notify, does_nothing_where_nobody_listens) {
  for (const std::string& name : {std::string(), std::string("/nonexistent/notify"),
                                  std::string("relative"), "/" + std::string(200, 'x')}) {
    const ServiceNotifier notifier(name);
    EXPECT_FALSE(notifier.works()) << name;
    EXPECT_FALSE(notifier.send("READY=1"));
  }
}

TEST(Notify, takes_the_socket_from_the_environment) {
  const Folder folder;
  Manager manager(folder / "notify");
  setenv("NOTIFY_SOCKET", (folder / "notify").c_str(), 1);
  EXPECT_TRUE(ServiceNotifier::from_environment().works());
  unsetenv("NOTIFY_SOCKET");
  EXPECT_FALSE(ServiceNotifier::from_environment().works());
}

TEST(Notify, has_the_watchdogs_period_only_for_the_process_that_is_meant) {
  EXPECT_FALSE(watchdog_period());
  setenv("WATCHDOG_USEC", "30000000", 1);
  EXPECT_EQ(watchdog_period(), Duration(30s));
  setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
  EXPECT_EQ(watchdog_period(), Duration(30s));
  setenv("WATCHDOG_PID", "1", 1);
  EXPECT_FALSE(watchdog_period());
  unsetenv("WATCHDOG_PID");
  setenv("WATCHDOG_USEC", "soon", 1);
  EXPECT_FALSE(watchdog_period());
  unsetenv("WATCHDOG_USEC");
}

class NotifyRootTest : public RootTest {};

TEST_F(NotifyRootTest, still_works_after_a_chroot) {
  const Folder folder;
  Manager manager(folder / "notify");
  EXPECT_EQ(in_child([&] {
              const ServiceNotifier notifier(folder / "notify");
              std::filesystem::create_directory(folder / "jail");
              ASSERT_EQ(chroot((folder / "jail").c_str()), 0);
              EXPECT_TRUE(notifier.send("STATUS=from inside"));
            }),
            0);
  EXPECT_EQ(manager.receive(), "STATUS=from inside");
}

}  // namespace
}  // namespace adit::system
