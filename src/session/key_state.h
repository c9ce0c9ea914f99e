#pragma once

#include <memory>
#include <optional>

#include "crypto/key_derivation.h"
#include "session/reliable.h"
#include "session/setup.h"
#include "tls/engine.h"
#include "wire/key_method2.h"

namespace adit::session {

// One key generation: its reliability layer, its TLS connection and its key method 2 exchange.
//
//   pre_start  our reset is not acknowledged yet
//   exchanging TLS and key method 2 are under way
//   active     both messages exchanged and everything acknowledged
//   generated  data keys derived
//   failed     of no further use
class KeyState {
 public:
  enum class Stage { pre_start, exchanging, active, generated, failed };
  enum class Admission { open, admitted, refused };

  KeyState(const Setup& setup, std::uint8_t key_id, Instant now);
  // A key state whose TLS object did not outlive the process: it still acknowledges.
  KeyState(const Setup& setup, std::uint8_t key_id, const Reliable::Counters& counters);

  [[nodiscard]] std::uint8_t key_id() const { return key_id_; }
  [[nodiscard]] Stage stage() const { return stage_; }
  [[nodiscard]] Reliable& reliable() { return reliable_; }
  [[nodiscard]] const Reliable& reliable() const { return reliable_; }
  [[nodiscard]] tls::TlsEngine* tls() { return tls_.get(); }
  [[nodiscard]] const tls::TlsEngine* tls() const { return tls_.get(); }

  // Moves bytes between the reliability layer and TLS as far as they go.
  // chunk  largest piece of TLS bytes for one packet
  void feed();
  struct FirstPacket {
    bool carries_wkc = false;  // the packet with id 1 takes the client's wrapped key along
    std::size_t chunk = 0;
  };
  void drain(std::size_t chunk, const FirstPacket& first);

  // Key method 2: the client writes first, the server after reading.
  [[nodiscard]] bool wants_to_write_key_method(bool tls_server) const;
  void write_key_method(const wire::KeyMethod2& message, bool tls_server);
  [[nodiscard]] std::optional<Buffer> read_message();

  void advance();  // stage changes that follow from the layers
  void generated() { stage_ = Stage::generated; }
  void fail() { stage_ = Stage::failed; }
  // The TLS object is of no use once the next key state has begun.
  void release_tls() { tls_.reset(); }
  [[nodiscard]] bool send_text(std::string_view message);  // with its NUL; false: not possible now

  crypto::DataKeyMaterial material;
  bool has_material = false;
  wire::KeySource local;
  wire::KeySource remote;
  bool peer_key_method = false;  // read
  Admission admission = Admission::open;
  Instant negotiate_by = Instant::max();  // hand-window
  Instant prefer_from = Instant::min();   // data goes out under this key from then on
  Instant retire_at = Instant::max();     // tran-window, once superseded
  bool worn = false;                      // nearly used up: the next key takes over at once

 private:
  std::uint8_t key_id_;
  Reliable reliable_;
  std::unique_ptr<tls::TlsEngine> tls_;
  Stage stage_ = Stage::pre_start;
  bool own_key_method_ = false;  // written
};

}  // namespace adit::session
