#pragma once

#include "app/client_run.h"
#include "app/managed_client.h"
#include "node/remote_walk.h"
#include "system/resolver.h"

namespace adit::app {

// The servers that a client may try; the connection itself where none is named.
[[nodiscard]] std::vector<options::Connection> remotes_of(const options::Config& config);

// Which of them is tried, at which address: the walk over all of them, the resolver's answers, and
// what a manager says about it.
class ClientRemotes {
 public:
  // All must outlive it.
  ClientRemotes(Runtime& runtime, const options::Config& config, ManagedClient& managed,
                Remembered& remembered);

  // "management-query-remote": has the next one confirmed, passed over or changed. False: a signal
  // came.
  [[nodiscard]] bool choose();
  [[nodiscard]] const options::Connection& connection() const {
    return moved_ ? *moved_ : walk_.connection();
  }
  // Resolves its name if that is still to be done; turns the loop meanwhile. Nothing: there is an
  // address, or no need of one.
  [[nodiscard]] std::optional<node::Outcome> find();
  [[nodiscard]] std::optional<ip::Address> address() const;

  // An attempt is over, see node::RemoteWalk.
  void move_on(bool succeeded, wire::AuthFailed::Advance advance) {
    walk_.move_on(succeeded, advance);
  }
  // least  that the server or the failure asks for
  [[nodiscard]] std::chrono::seconds pause(std::chrono::seconds least) const {
    return walk_.pause(least);
  }
  // "connect-retry-max", once so many rounds were in vain.
  [[nodiscard]] std::optional<unsigned> rounds_in_vain() const;

 private:
  void pass_over(unsigned count);
  [[nodiscard]] bool resolve();
  [[nodiscard]] bool take_known();
  void tell_not_found(const Error& error);
  [[nodiscard]] node::Outcome not_resolved() const;

  Runtime& runtime_;
  const options::Config& config_;
  ManagedClient& managed_;
  Remembered& remembered_;
  system::Resolver resolver_;
  node::RemoteWalk walk_;
  std::optional<options::Connection> moved_;  // the manager named another server
};

}  // namespace adit::app
