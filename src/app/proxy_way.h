#pragma once

#include <functional>

#include "app/client_run.h"
#include "proxy/dialogue.h"
#include "system/fd.h"

namespace adit::app {

// The connection that keeps a relay of datagrams alive.
class RelayKeeper {
 public:
  // on_end: the proxy has closed it, so nothing comes through any more. loop must outlive it.
  RelayKeeper(system::Loop& loop, system::Fd connection, std::function<void()> on_end);
  ~RelayKeeper();
  RelayKeeper(const RelayKeeper&) = delete;
  RelayKeeper& operator=(const RelayKeeper&) = delete;

 private:
  void look();

  system::Loop& loop_;
  system::Fd connection_;
  std::function<void()> on_end_;
};

// Reaches a server by way of a proxy. Turns the loop; an error whose text is empty has been told.
class ProxyWay {
 public:
  // All must outlive it.
  ProxyWay(Runtime& runtime, const options::Config& config, Remembered& remembered)
      : runtime_(runtime), config_(config), remembered_(remembered) {}

  // A new TCP connection to the proxy.
  using Connect = std::function<Result<system::Fd>()>;

  // The TCP connection is the server's afterwards.
  [[nodiscard]] Result<system::Fd> by_http(const options::Connection& connection,
                                           const Connect& connect);
  [[nodiscard]] Result<system::Fd> by_socks(const options::Connection& connection,
                                            const Connect& connect);
  struct Relay {
    ip::Endpoint at;
    system::Fd keeper;
  };
  // proxy  its address, for one that does not say where its relay is
  [[nodiscard]] Result<Relay> relay_by_socks(const options::Connection& connection,
                                             const ip::Address& proxy, const Connect& connect);

 private:
  // A user who cannot be asked will not be there the next time either: the process ends.
  [[nodiscard]] tl::unexpected<Error> cannot_ask(const Error& error);
  [[nodiscard]] Status give_http_credentials(const options::HttpProxy& proxy,
                                             proxy::Dialogue& dialogue);
  [[nodiscard]] Status give_socks_credentials(const options::SocksProxy& proxy,
                                              proxy::Dialogue& dialogue);
  // False: it failed, or a signal came.
  [[nodiscard]] bool talk(int socket, proxy::Dialogue& dialogue, Instant until);
  [[nodiscard]] Result<system::Fd> talk_socks(const options::Connection& connection,
                                              proxy::Dialogue& dialogue, const Connect& connect);
  void tell(proxy::Dialogue& dialogue);

  Runtime& runtime_;
  const options::Config& config_;
  Remembered& remembered_;
};

}  // namespace adit::app
