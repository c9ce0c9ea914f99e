#include "system/status_socket.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "system/kernel_error.h"
#include "system/socket_address.h"
#include "system/store.h"

namespace adit::system {

namespace {

constexpr std::size_t most_callers = 4;
constexpr Duration caller_patience = std::chrono::seconds(2);
constexpr timeval asking_patience{5, 0};
constexpr timeval working_patience{30, 0};
constexpr std::size_t longest_request = 256;
constexpr std::size_t largest_document = std::size_t{64} << 20;
constexpr int caller_backlog = 4;
constexpr std::string_view status_ending = ".sock";
constexpr std::string_view request_ending = ".control";

std::string path_of(const std::string& folder, int pid, std::string_view end = status_ending) {
  return folder + "/" + std::to_string(pid) + std::string(end);
}

// Somebody else's folder could give away what we say, or say it in our place.
Status make_folder(const std::string& folder) {
  if (mkdir(folder.c_str(), 0700) == 0) return {};
  if (errno != EEXIST) return kernel_refused(errno, "cannot make " + folder);
  struct stat about {};
  if (lstat(folder.c_str(), &about) != 0) return kernel_refused(errno, "cannot look at " + folder);
  const bool ours = S_ISDIR(about.st_mode) && about.st_uid == geteuid();
  if (ours && (about.st_mode & (S_IWGRP | S_IWOTH)) == 0) return {};
  return fail("{} is not a directory that only this user may write", folder);
}

// Empty: errno says why not.
Fd connect_to(const std::string& path, const timeval& patience_of_ours = asking_patience) {
  const auto address = unix_address(path);
  Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!address) errno = ENAMETOOLONG;
  if (!address || !fd) return {};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience_of_ours, sizeof patience_of_ours);
  setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience_of_ours, sizeof patience_of_ours);
  return connect(fd.get(), address->raw(), address->size) == 0 ? std::move(fd) : Fd();
}

// Its process has ended and nobody listens. Living processes are not asked: it would cost them a
// document.
bool is_stale(const std::string& path, int pid) {
  if (kill(pid, 0) == 0 || errno != ESRCH) return false;
  return !connect_to(path);
}

// The name appears when somebody listens, so that a name without a listener is stale.
Result<Fd> listen_on(const std::string& path) {
  const std::string early = path + ".new";
  const auto address = unix_address(early);
  if (!address) return fail_with(address.error());
  Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  unlink(early.c_str());
  if (fd && bind(fd.get(), address->raw(), address->size) == 0 &&
      chmod(early.c_str(), private_mode) == 0 && ::listen(fd.get(), caller_backlog) == 0 &&
      rename(early.c_str(), path.c_str()) == 0) {
    return fd;
  }
  return kernel_refused(errno, "cannot listen on " + path);
}

}  // namespace

std::string status_folder() {
  const char* given = std::getenv("ADIT_STATUS_DIR");
  return given != nullptr && *given != '\0' ? given : "/run/adit";
}

Result<std::unique_ptr<StatusSocket>> StatusSocket::open(Loop& loop, const std::string& folder,
                                                         std::function<std::string()> document) {
  return open(loop, folder, false,
              [document = std::move(document)](const std::string&) { return document(); });
}

Result<std::unique_ptr<StatusSocket>> StatusSocket::open_for_requests(Loop& loop,
                                                                      const std::string& folder,
                                                                      Answer answer) {
  return open(loop, folder, true, std::move(answer));
}

Result<std::unique_ptr<StatusSocket>> StatusSocket::open(Loop& loop, const std::string& folder,
                                                         bool reads, Answer answer) {
  if (Status made = make_folder(folder); !made) return fail_with(made.error());
  static_cast<void>(instances_in(folder));  // sweeps
  const std::string path = path_of(folder, getpid(), reads ? request_ending : status_ending);
  auto fd = listen_on(path);
  if (!fd) return fail_with(fd.error());
  std::unique_ptr<StatusSocket> made(
      new StatusSocket(loop, std::move(*fd), path, reads, std::move(answer)));
  StatusSocket* self = made.get();
  Status watched = loop.watch(made->fd_.get(), ready::to_read, [self](unsigned) { self->meet(); });
  if (!watched) return fail_with(watched.error());
  return made;
}

StatusSocket::StatusSocket(Loop& loop, Fd fd, std::string path, bool reads, Answer answer)
    : loop_(loop),
      fd_(std::move(fd)),
      path_(std::move(path)),
      process_(getpid()),
      owner_(geteuid()),
      reads_(reads),
      answer_(std::move(answer)) {}

StatusSocket::~StatusSocket() {
  while (!callers_.empty()) drop(callers_.begin()->first);
  loop_.unwatch(fd_.get());
  if (process_ == getpid()) unlink(path_.c_str());
}

void StatusSocket::meet() {
  Fd fd(accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!fd || callers_.size() >= most_callers) return;
  const int number = fd.get();
  if (reads_ && !may_ask(number)) return;
  Caller& caller = callers_[number] = Caller{std::move(fd), {}, {}, 0, 0};
  if (!reads_) caller.document = answer_({});
  const Status watched = loop_.watch(
      number, reads_ ? ready::to_read : ready::to_write, [this, number](unsigned events) {
        (events & ready::to_write) != 0 ? go_on(number) : hear(number);
      });
  if (!watched) {
    callers_.erase(number);
    return;
  }
  caller.deadline = loop_.at(loop_.now() + caller_patience, [this, number] { drop(number); });
}

bool StatusSocket::may_ask(int fd) const {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == 0 || peer.uid == owner_;
}

void StatusSocket::hear(int fd) {
  Caller& caller = callers_.at(fd);
  std::array<char, longest_request> room{};
  const ssize_t count = recv(fd, room.data(), room.size(), MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) return drop(fd);
  caller.request.append(room.data(), static_cast<std::size_t>(count));
  const std::size_t end = caller.request.find('\n');
  if (end == std::string::npos) return caller.request.size() < longest_request ? void() : drop(fd);
  loop_.cancel(caller.deadline);
  caller.document = answer_(caller.request.substr(0, end));
  caller.deadline = loop_.at(loop_.now() + caller_patience, [this, fd] { drop(fd); });
  loop_.change_interest(fd, ready::to_write);
}

void StatusSocket::go_on(int fd) {
  Caller& caller = callers_.at(fd);
  const std::string_view rest = std::string_view(caller.document).substr(caller.written);
  const ssize_t count = send(fd, rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count > 0) caller.written += static_cast<std::size_t>(count);
  if (count <= 0 || caller.written == caller.document.size()) drop(fd);
}

void StatusSocket::drop(int fd) {
  const auto found = callers_.find(fd);
  if (found == callers_.end()) return;
  loop_.cancel(found->second.deadline);
  loop_.unwatch(fd);
  callers_.erase(found);
}

std::vector<int> instances_in(const std::string& folder) {
  std::vector<int> pids;
  std::error_code failed;
  for (const auto& file : std::filesystem::directory_iterator(folder, failed)) {
    const std::string name = file.path().filename().string();
    if (!name.ends_with(status_ending)) continue;
    const auto pid = to_number<int>(name.substr(0, name.size() - status_ending.size()));
    if (!pid || *pid <= 0) continue;
    if (is_stale(file.path().string(), *pid)) {
      unlink(file.path().c_str());
      unlink(path_of(folder, *pid, request_ending).c_str());
    } else {
      pids.push_back(*pid);
    }
  }
  std::ranges::sort(pids);
  return pids;
}

bool has_instance(const std::string& folder, int pid) {
  return access(path_of(folder, pid).c_str(), F_OK) == 0;
}

namespace {

Result<std::string> read_answer(const Fd& fd, int pid) {
  std::string document;
  std::vector<char> room(65536);
  while (document.size() < largest_document) {
    const ssize_t count = recv(fd.get(), room.data(), room.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0)
      return kernel_refused(errno, "process " + std::to_string(pid) + " gave no answer");
    if (count == 0) return document;
    document.append(room.data(), static_cast<std::size_t>(count));
  }
  return fail("process {} says more than makes sense", pid);
}

}  // namespace

Result<std::string> ask_instance(const std::string& folder, int pid) {
  const std::string path = path_of(folder, pid);
  const Fd fd = connect_to(path);
  if (!fd && errno == ECONNREFUSED) {
    unlink(path.c_str());  // another process got the number of one that ended
    return fail("process {} is no adit any more", pid);
  }
  if (!fd) return kernel_refused(errno, "cannot ask " + path);
  return read_answer(fd, pid);
}

Result<std::string> request_of_instance(const std::string& folder, int pid,
                                        const std::string& line) {
  const std::string path = path_of(folder, pid, request_ending);
  const Fd fd = connect_to(path, working_patience);
  if (!fd) return kernel_refused(errno, "cannot ask " + path);
  const std::string request = line + "\n";
  if (send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) {
    return kernel_refused(errno, "cannot ask " + path);
  }
  auto answer = read_answer(fd, pid);
  if (answer && answer->empty()) return fail("process {} gave no answer", pid);
  return answer;
}

}  // namespace adit::system
