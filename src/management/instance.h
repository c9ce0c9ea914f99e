#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"

namespace adit::management {

using Variables = std::vector<std::pair<std::string, std::string>>;

struct Load {
  std::uint64_t clients = 0;
  std::uint64_t bytes_in = 0, bytes_out = 0;  // also of clients and connections that have ended
};
struct ByteCount {
  std::uint64_t client_id = 0, bytes_in = 0, bytes_out = 0;
};

// A certificate on a token: its id, and itself in base64.
struct TokenEntry {
  std::string id, certificate;
};

// What the process does for whoever manages it. The control thread calls.
class Process {
 public:
  virtual ~Process() = default;
  [[nodiscard]] virtual int pid() const = 0;  // which changes when it becomes a daemon
  // At verb 3.
  virtual void log(Severity severity, std::string_view text) = 0;
  [[nodiscard]] virtual int verbosity() const = 0;
  virtual void set_verbosity(int verb) = 0;
  [[nodiscard]] virtual unsigned mute() const = 0;
  virtual void set_mute(unsigned lines) = 0;
  // name  SIGHUP, SIGTERM, SIGUSR1 or SIGUSR2
  virtual void signal(std::string_view name) = 0;
  [[nodiscard]] virtual std::string auth_retry() const = 0;
  virtual bool set_auth_retry(std::string_view how) = 0;  // false: there is no such way
  virtual void forget_passwords() = 0;
  [[nodiscard]] virtual std::vector<TokenEntry> token_entries() { return {}; }
};

// What a running server or client does. False: it cannot, now or ever; nothing: a command that
// this kind of instance does not know.
class Instance {
 public:
  virtual ~Instance() = default;
  [[nodiscard]] virtual std::string status(int version) const = 0;  // lines ended by LF
  [[nodiscard]] virtual Load load() const = 0;
  [[nodiscard]] virtual bool is_server() const = 0;

  // a server
  [[nodiscard]] virtual std::vector<ByteCount> byte_counts() const { return {}; }
  virtual std::size_t kill_name(std::string_view) { return 0; }
  virtual std::size_t kill_address(std::string_view, std::uint16_t) { return 0; }
  virtual bool client_kill(std::uint64_t, std::string_view) { return false; }
  virtual bool client_auth(std::uint64_t, std::uint64_t, const std::string&) { return false; }
  virtual bool client_deny(std::uint64_t, std::uint64_t, std::string_view, std::string_view) {
    return false;
  }
  // Options of a PUSH_UPDATE, for one client or all that know it: how many were told.
  virtual std::size_t push_update(std::optional<std::uint64_t> /*client*/,
                                  const std::vector<std::string>& /*options*/) {
    return 0;
  }
  virtual bool client_pending(std::uint64_t, std::uint64_t, std::string_view, unsigned) {
    return false;
  }

  // a client
  virtual bool challenge_response(std::string_view) { return false; }
  struct Remote {
    std::string host, port, proto;
  };
  [[nodiscard]] virtual std::vector<Remote> remotes() const { return {}; }
};

}  // namespace adit::management
