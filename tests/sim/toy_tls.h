#pragma once

// A stand-in for TLS that is fast enough for millions of runs: hello both ways, then records with a
// keyed checksum. It authenticates nothing against a clever attacker, but notices every corruption,
// loss and reordering that the reliability layer lets through.

#include <set>

#include "base/rng.h"
#include "tls/engine.h"

namespace adit::sim {

class ToyTlsFactory final : public tls::TlsFactory {
 public:
  // name  what the peer sees as our common name
  ToyTlsFactory(bool server, std::string name, Rng& rng)
      : server_(server), name_(std::move(name)), rng_(rng) {}
  std::unique_ptr<tls::TlsEngine> make() override;
  // From now on every handshake is refused.
  void break_handshakes() { broken_ = true; }
  // From now on garbage follows every record of data.
  void add_garbage() { garbage_ = true; }
  // Whoever has this name was let in before, and is not welcome any more.
  void revoke(const std::string& name, unsigned serial) { revoked_.emplace(name, serial); }
  // From now on with the next certificate of the same name; the first has the serial 1.
  void renew() { ++serial_; }
  const tls::ChainEntry* revoked(const std::vector<tls::ChainEntry>& chain) override;

 private:
  bool server_;
  std::string name_;
  Rng& rng_;
  bool broken_ = false, garbage_ = false;
  std::uint8_t serial_ = 1;
  std::set<std::pair<std::string, unsigned>> revoked_;
};

}  // namespace adit::sim
