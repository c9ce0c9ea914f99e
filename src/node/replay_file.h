#pragma once

#include "base/log.h"
#include "crypto/data_channel.h"
#include "ports/store_port.h"

namespace adit::node {

// "replay-persist": the newest packet of the other end, kept over a restart of ours, so that
// nothing of before can be sent again. The file is stock's. source: wire protocol 11.4
class ReplayFile {
 public:
  // path: empty: nothing is kept
  ReplayFile(std::string path, ports::StorePort& store, Log log)
      : path_(std::move(path)), store_(store), log_(std::move(log)) {}

  // What a window begins with. An error: there is a file, and it is none of ours.
  [[nodiscard]] Result<crypto::ReplayWindow::State> load() const;
  // newest  time << 32 | id, of the long form; 0: nothing has come
  void keep(std::uint64_t newest);
  [[nodiscard]] Deadline deadline() const { return {next_, "replay-persist"}; }
  // Keeps it from time to time.
  void tick(std::uint64_t newest, Instant now);

 private:
  std::string path_;
  ports::StorePort& store_;
  Log log_;
  std::uint64_t kept_ = 0;
  bool complained_ = false;
  Instant next_ = Instant::max();
};

}  // namespace adit::node
