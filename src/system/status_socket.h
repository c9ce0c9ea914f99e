#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "system/loop.h"

namespace adit::system {

// Where instances tell of themselves: the variable ADIT_STATUS_DIR, or /run/adit.
[[nodiscard]] std::string status_folder();

// A socket that gives every caller one document and closes. Whoever may enter the folder (root) may
// ask. A caller that does not read or say its request in time is dropped, and there are never more
// than a few.
class StatusSocket {
 public:
  using Answer = std::function<std::string(const std::string& request)>;

  // PID.sock: nothing is read from callers. Makes the folder if it is missing and sweeps away what
  // ended instances left there.
  [[nodiscard]] static Result<std::unique_ptr<StatusSocket>> open(
      Loop& loop, const std::string& folder, std::function<std::string()> document);
  // PID.control: a caller, root or who opened it, says one line first.
  [[nodiscard]] static Result<std::unique_ptr<StatusSocket>> open_for_requests(
      Loop& loop, const std::string& folder, Answer answer);
  ~StatusSocket();
  StatusSocket(const StatusSocket&) = delete;
  StatusSocket& operator=(const StatusSocket&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  struct Caller {
    Fd fd;
    std::string request;
    std::string document;
    std::size_t written = 0;
    TimerId deadline = 0;
  };

  StatusSocket(Loop& loop, Fd fd, std::string path, bool reads, Answer answer);
  [[nodiscard]] static Result<std::unique_ptr<StatusSocket>> open(Loop& loop,
                                                                  const std::string& folder,
                                                                  bool reads, Answer answer);

  void meet();
  [[nodiscard]] bool may_ask(int fd) const;
  void hear(int fd);
  void go_on(int fd);
  void drop(int fd);

  Loop& loop_;
  Fd fd_;
  std::string path_;
  pid_t process_;  // whose socket it is: a child must not remove it
  uid_t owner_;    // as it was opened; the process may be another's by now
  bool reads_;
  Answer answer_;
  std::map<int, Caller> callers_;
};

// The processes that have a socket there; those that ended are swept away.
[[nodiscard]] std::vector<int> instances_in(const std::string& folder);
[[nodiscard]] bool has_instance(const std::string& folder, int pid);
// What the instance says; waits a few seconds at most.
[[nodiscard]] Result<std::string> ask_instance(const std::string& folder, int pid);
// What it answers to a line; waits half a minute at most.
[[nodiscard]] Result<std::string> request_of_instance(const std::string& folder, int pid,
                                                      const std::string& line);

}  // namespace adit::system
