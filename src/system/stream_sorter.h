#pragma once

#include <functional>
#include <list>
#include <map>

#include "base/bytes.h"
#include "system/loop.h"

namespace adit::system {

// Connections whose first bytes are to tell for whom they are. The bytes stay with the socket. All
// of it is for the loop's thread.
class StreamSorter {
 public:
  enum class Verdict { more, first, second };
  struct Setup {
    // What the bytes so far, at most so many, say; that many never say "more".
    std::function<Verdict(Bytes)> judge;
    std::size_t telling_bytes = 1;
    std::function<void(Fd)> first, second;  // whose a connection is
    Duration patience = std::chrono::seconds(60);
    std::size_t most_waiting = 256;  // the oldest makes room
  };
  StreamSorter(Loop& loop, Setup setup) : loop_(loop), setup_(std::move(setup)) {}
  ~StreamSorter();
  StreamSorter(const StreamSorter&) = delete;
  StreamSorter& operator=(const StreamSorter&) = delete;

  void take(Fd connection);
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

 private:
  struct Waiting {
    Fd connection;
    Instant until;
    std::size_t seen = 0;
  };

  void look(int fd);
  [[nodiscard]] Fd let_go(std::list<Waiting>::iterator waiting);
  void set_alarm();
  void end_silent();

  Loop& loop_;
  Setup setup_;
  std::list<Waiting> waiting_;  // the oldest first
  std::map<int, std::list<Waiting>::iterator> by_fd_;
  TimerId timer_ = 0;
};

}  // namespace adit::system
