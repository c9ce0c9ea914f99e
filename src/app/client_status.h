#pragma once

#include "app/runtime.h"
#include "node/client.h"

namespace adit::app {

// The status of a client: in its file every "status" interval, and there and in the log when
// SIGUSR2 asks. An interval of 0: in the file only at first, at the end and then.
class ClientStatus {
 public:
  // Both must outlive it.
  ClientStatus(Runtime& runtime, const options::Config& config)
      : runtime_(runtime), config_(config) {}

  // When the file is to be written again; never without one.
  [[nodiscard]] Instant due() const;
  void write(const node::Client& client);
  void show(const node::Client& client);

 private:
  static constexpr Instant never = Instant::min() + Duration(1);

  [[nodiscard]] std::string text_of(const node::Client& client) const;

  Runtime& runtime_;
  const options::Config& config_;
  Instant last_ = never;
};

}  // namespace adit::app
