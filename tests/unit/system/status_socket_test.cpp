#include "system/status_socket.h"

#include <array>
#include <atomic>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <thread>

#include "tests/unit/system/sandbox.h"
#include "tests/unit/system/scratch.h"

namespace adit::system {
namespace {

class StatusSockets : public testing::Test {
 protected:
  std::unique_ptr<StatusSocket> open(std::string document) {
    auto opened = StatusSocket::open(*loop, where(), [document = std::move(document), this] {
      ++asked;
      return document;
    });
    EXPECT_TRUE(opened) << opened.error().text();
    return opened ? std::move(*opened) : nullptr;
  }
  std::string where() const { return folder / "run"; }

  // Asks in a thread of its own while the loop runs.
  Result<std::string> ask() {
    Result<std::string> answer;
    std::atomic<bool> done = false;
    std::thread asking([&] {
      answer = ask_instance(where(), getpid());
      done = true;
    });
    EXPECT_TRUE(run_until(*loop, [&] { return done.load(); }));
    asking.join();
    return answer;
  }

  // Connects and reads nothing.
  Fd lazy_caller() {
    Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::ranges::copy(where() + "/" + std::to_string(getpid()) + ".sock", address.sun_path);
    EXPECT_EQ(connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return fd;
  }

  Folder folder;
  std::unique_ptr<Loop> loop = make_loop();
  int asked = 0;
};

TEST_F(StatusSockets, give_everybody_the_document) {
  const std::string large(3'000'000, 'x');
  const auto socket = open(large);
  ASSERT_NE(socket, nullptr);
  EXPECT_EQ(mode_of_file(where()), 0700u);
  EXPECT_EQ(mode_of_file(socket->path()), 0600u);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(ask(), large);
  EXPECT_EQ(asked, 10);
  EXPECT_EQ(instances_in(where()), std::vector<int>{getpid()});
}

TEST_F(StatusSockets, go_away_with_the_process_that_made_them) {
  auto socket = open("x");
  const std::string path = socket->path();
  socket.reset();
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_TRUE(instances_in(where()).empty());
  EXPECT_FALSE(ask_instance(where(), getpid()));
}

TEST_F(StatusSockets, are_not_held_up_by_callers_that_do_not_read) {
  const auto socket = open(std::string(3'000'000, 'x'));
  std::array<Fd, 4> lazy;
  for (Fd& caller : lazy) caller = lazy_caller();
  ASSERT_TRUE(run_until(*loop, [&] { return asked == 4; }));
  const auto refused = ask();
  EXPECT_EQ(refused.value_or(""), "") << "there are too many already";
  EXPECT_EQ(asked, 4);
  EXPECT_TRUE(run_until(*loop, [&] { return ask().value_or("").size() == 3'000'000; }))
      << "they were dropped after a while";
}

TEST_F(StatusSockets, of_processes_that_ended_are_swept_away) {
  const auto socket = open("x");
  const pid_t ended = fork();
  if (ended == 0) _exit(0);
  waitpid(ended, nullptr, 0);
  const std::string stale = where() + "/" + std::to_string(ended) + ".sock";
  std::ofstream(stale) << "";
  std::ofstream(where() + "/notes.txt") << "";
  EXPECT_EQ(instances_in(where()), std::vector<int>{getpid()});
  EXPECT_FALSE(std::filesystem::exists(stale));
  EXPECT_TRUE(std::filesystem::exists(where() + "/notes.txt"));
}

TEST_F(StatusSockets, that_nobody_listens_on_are_removed_when_asked) {
  auto socket = open("x");
  const std::string kept = where() + "/kept";
  std::filesystem::create_hard_link(socket->path(), kept);
  const std::string path = socket->path();
  socket.reset();
  std::filesystem::rename(kept, path);
  EXPECT_EQ(instances_in(where()), std::vector<int>{getpid()}) << "the process lives";
  EXPECT_FALSE(ask_instance(where(), getpid()));
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(StatusSockets, do_not_lie_in_a_folder_that_others_may_write) {
  std::filesystem::create_directory(where());
  ASSERT_EQ(chmod(where().c_str(), 0777), 0);
  EXPECT_FALSE(StatusSocket::open(*loop, where(), [] { return std::string(); }));
  std::filesystem::remove(where());
  folder.put("run", "a file");
  EXPECT_FALSE(StatusSocket::open(*loop, where(), [] { return std::string(); }));
  EXPECT_FALSE(
      StatusSocket::open(*loop, folder / std::string(200, 'x'), [] { return std::string(); }));
  EXPECT_TRUE(instances_in(folder / "nowhere").empty());
}

TEST_F(StatusSockets, answer_a_request_of_one_line) {
  std::vector<std::string> heard;
  auto opened = StatusSocket::open_for_requests(*loop, where(), [&](const std::string& request) {
    heard.push_back(request);
    return "answer to " + request;
  });
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_EQ(mode_of_file((*opened)->path()), 0600u);
  EXPECT_TRUE(instances_in(where()).empty()) << "it is no status socket";
  Result<std::string> answer;
  std::atomic<bool> done = false;
  std::thread asking([&] {
    answer = request_of_instance(where(), getpid(), "reload");
    done = true;
  });
  EXPECT_TRUE(run_until(*loop, [&] { return done.load(); }));
  asking.join();
  EXPECT_EQ(answer, "answer to reload");
  EXPECT_EQ(heard, std::vector<std::string>{"reload"});
}

TEST_F(StatusSockets, hear_no_request_that_is_too_long_or_never_comes) {
  int asked_for = 0;
  auto opened = StatusSocket::open_for_requests(*loop, where(), [&](const std::string&) {
    ++asked_for;
    return std::string("x");
  });
  ASSERT_TRUE(opened);
  const auto connected = [&] {
    Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::ranges::copy((*opened)->path(), address.sun_path);
    EXPECT_EQ(connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return fd;
  };
  const Fd loud = connected(), silent = connected();
  const std::string nonsense(100'000, 'a');
  EXPECT_GT(send(loud.get(), nonsense.data(), nonsense.size(), MSG_NOSIGNAL), 0);
  const auto ended = [](const Fd& fd) {
    char byte = 0;
    const auto count = recv(fd.get(), &byte, 1, 0);
    return count == 0 || (count < 0 && errno == ECONNRESET);
  };
  EXPECT_TRUE(run_until(*loop, [&] { return ended(loud); }));
  EXPECT_TRUE(run_until(*loop, [&] { return ended(silent); })) << "after its two seconds";
  EXPECT_EQ(asked_for, 0);
}

}  // namespace
}  // namespace adit::system
