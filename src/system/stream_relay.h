#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "base/time.h"
#include "ip/address.h"
#include "system/inbox.h"
#include "system/relayed_pair.h"

namespace adit::system {

// Hands whole connections on to another server, on a thread of its own: however much they carry,
// nobody else waits for it.
class StreamRelay {
 public:
  struct Setup {
    ip::Endpoint target;
    // An open directory, or none. For each connection, as long as it lasts, it has a file that is
    // named as our end of the connection to the target, and says where the caller is.
    Fd journal;
    std::function<std::string(const ip::Endpoint&)> label;  // how both are written
    std::size_t most_pairs = 256;
    // What went wrong, on the relay's thread; at most one line a second.
    std::function<void(std::string)> complain;
  };
  [[nodiscard]] static Result<std::unique_ptr<StreamRelay>> start(Setup setup);
  ~StreamRelay();  // ends every connection
  StreamRelay(const StreamRelay&) = delete;
  StreamRelay& operator=(const StreamRelay&) = delete;

  // Any thread. connection: non-blocking; nothing of it has been read.
  void add(Fd connection) { arrivals_.put(std::move(connection)); }

 private:
  static constexpr std::size_t caller = 0, target = 1;  // sides of a pair
  struct Relayed {
    RelayedPair pair;
    bool connected = false;
    std::string note;  // its file in the journal
    std::array<std::uint32_t, 2> watched{};
  };
  using Pairs = std::map<std::uint64_t, Relayed>;

  explicit StreamRelay(Setup setup) : setup_(std::move(setup)) {}

  [[nodiscard]] Status open();
  void run();
  void take_arrivals();
  void begin(Fd connection);
  [[nodiscard]] Fd call_target();
  [[nodiscard]] std::string write_note(int from, int to);
  void turn(std::uint64_t number);
  [[nodiscard]] bool is_connected(Relayed& relayed);
  void watch(std::uint64_t number, Relayed& relayed);
  void end(Pairs::iterator pair);
  void complain(std::string what);

  Setup setup_;
  Inbox<Fd> arrivals_;
  Fd epoll_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;

  // The thread's.
  Pairs pairs_;
  std::uint64_t last_number_ = 0;
  Buffer room_;
  Instant quiet_until_ = Instant::min();
};

}  // namespace adit::system
