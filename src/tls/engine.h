#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace adit::tls {

struct ChainEntry {
  int depth = 0;
  std::string subject;  // "C=KG, O=Mine, CN=server"
  std::string common_name;
  std::string serial;      // decimal
  std::string serial_hex;  // aa:bb:cc
  std::string sha1;        // aa:bb:cc
  std::string sha256;
  std::vector<std::pair<std::string, std::string>> fields;  // CN, O, ... in the subject's order
  std::string issuer{};                                     // as subject
  std::string pem{};                                        // only where Setup::keep_pem asks
};

// Who the peer proved to be; empty chain: it sent no certificate.
struct PeerIdentity {
  std::vector<ChainEntry> chain;  // highest depth first, the peer's own certificate last
  std::string common_name;        // from the configured user name field
  // What of the chain could not be checked and was let pass, as stock says it.
  std::vector<std::string> warnings{};

  [[nodiscard]] const ChainEntry* own() const { return chain.empty() ? nullptr : &chain.back(); }
};

// Why a handshake failed, in words for a log.
struct TlsFailure {
  enum class Cause {
    protocol,     // the peers could not agree, or the peer sent an alert
    certificate,  // the peer's certificate was refused
  } cause = Cause::protocol;
  std::vector<std::string> lines;  // the well-known ones first
  std::string advice;              // what to do about it
};

// One TLS connection as bytes in, bytes out. Not thread-safe.
class TlsEngine {
 public:
  enum class State { handshaking, established, failed };

  virtual ~TlsEngine() = default;

  virtual void receive(Bytes from_peer) = 0;
  // Bytes for the peer, cut wherever room ends. Returns how many.
  [[nodiscard]] virtual std::size_t transmit(MutableBytes room) = 0;
  [[nodiscard]] virtual bool has_output() const = 0;
  [[nodiscard]] virtual State state() const = 0;

  // One message, one record; false unless established.
  [[nodiscard]] virtual bool write(Bytes plaintext) = 0;
  // The plaintext of one received record, in order.
  [[nodiscard]] virtual std::optional<Buffer> read() = 0;

  // RFC 5705 / RFC 8446 exporter without context.
  [[nodiscard]] virtual bool export_key(std::string_view label, MutableBytes out) = 0;
  [[nodiscard]] virtual const PeerIdentity& peer() const = 0;
  [[nodiscard]] virtual const TlsFailure& failure() const = 0;
  // "TLSv1.3, cipher TLSv1.3 TLS_AES_256_GCM_SHA384, peer certificate: ..."
  [[nodiscard]] virtual std::string description() const = 0;
};

// Makes the engine of every key state: same role, same credentials.
class TlsFactory {
 public:
  virtual ~TlsFactory() = default;
  [[nodiscard]] virtual std::unique_ptr<TlsEngine> make() = 0;
  // The certificate of a verified chain that has been revoked since; nullptr: none. Points into it.
  [[nodiscard]] virtual const ChainEntry* revoked(const std::vector<ChainEntry>& /*chain*/) {
    return nullptr;
  }
};

}  // namespace adit::tls
