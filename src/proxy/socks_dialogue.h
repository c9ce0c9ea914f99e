#pragma once

#include <optional>

#include "ip/address.h"
#include "proxy/dialogue.h"

namespace adit::proxy {

struct SocksSettings {
  std::string host;  // of the server: the proxy looks it up
  std::uint16_t port = 0;
  bool relay = false;  // datagrams are to be carried, and to whom is said with each
  bool authenticates = false;
};

// SOCKS version 5: RFC 1928, 1929.
class SocksDialogue final : public Dialogue {
 public:
  explicit SocksDialogue(SocksSettings settings);

  [[nodiscard]] bool needs_credentials() const override;
  void begin() override;
  [[nodiscard]] std::size_t take(Bytes bytes) override;
  void lost(Loss how) override;

  // Where datagrams go to, after a relay was asked for; the address may be unspecified, and is the
  // proxy's own then.
  [[nodiscard]] const std::optional<ip::Endpoint>& relay() const { return relay_; }

 private:
  enum class Stage { method, password, reply };

  void handle();
  void take_method();
  void take_verdict();
  void take_reply();
  void send_request();
  void send_password();
  [[nodiscard]] std::size_t wanted() const;

  SocksSettings settings_;
  Stage stage_ = Stage::method;
  Buffer answer_;
  std::optional<ip::Endpoint> relay_;
};

}  // namespace adit::proxy
