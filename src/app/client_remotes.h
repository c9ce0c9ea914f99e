#pragma once

#include "app/client_run.h"
#include "app/managed_client.h"
#include "node/remote_walk.h"
#include "system/resolver.h"

namespace adit::app {

// The servers that a client may try; the connection itself where none is named.
[[nodiscard]] std::vector<options::Connection> remotes_of(const options::Config& config);

// Where a connection is made to: the server, or its proxy.
[[nodiscard]] const std::string& first_host(const options::Connection& connection);
[[nodiscard]] const std::string& first_port(const options::Connection& connection);

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
  // The server's, or its proxy's.
  [[nodiscard]] std::optional<ip::Address> address() const;
  // The server's, where address() is its proxy's. Nothing: why not is told.
  [[nodiscard]] std::optional<ip::Address> find_behind();

  // An attempt is over, see node::RemoteWalk.
  void move_on(bool succeeded, wire::AuthFailed::Advance advance) {
    walk_.move_on(succeeded, advance);
  }
  // SIGUSR1 ends the run: the next one goes on from here. tried: it interrupted an attempt, or a
  // tunnel that was up.
  void keep_place(bool tried, bool succeeded);
  // least  that the server or the failure asks for
  [[nodiscard]] std::chrono::seconds pause(std::chrono::seconds least) const {
    return walk_.pause(least);
  }
  // "connect-retry-max", once so many rounds were in vain.
  [[nodiscard]] std::optional<unsigned> rounds_in_vain() const;

 private:
  void pass_over(unsigned count);
  void use_proxy(const management::ProxyQuestion& answer);
  [[nodiscard]] bool resolve();
  using Addresses = std::vector<ip::Address>;
  [[nodiscard]] std::optional<Addresses> look_up(const std::string& host, const std::string& port,
                                                 std::optional<ip::Family> family);
  [[nodiscard]] std::optional<Addresses> take_known(const std::string& host,
                                                    const std::string& port,
                                                    std::optional<ip::Family> family);
  [[nodiscard]] std::string named(const std::string& host);
  void tell_not_found(const std::string& host, const std::string& port, const Error& error);
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
