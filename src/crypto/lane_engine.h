#pragma once

#include <memory>

#include "crypto/aead.h"
#include "crypto/engine.h"

namespace adit::crypto {

class IpsecMb;

// What the sealers, or the openers, of one thread share: the queues of ipsec-mb's multi-buffer
// functions, 200 kB. Keys may be made with it in another thread; they are used in one.
class LaneEngine {
 public:
  // Fails where the engine cannot be had. Not for automatic.
  [[nodiscard]] static Result<LaneEngine> make(Engine engine);
  // The same, and OpenSSL where it fails: ask choose_engine() first.
  explicit LaneEngine(Engine engine = Engine::openssl);
  ~LaneEngine();
  LaneEngine(LaneEngine&&) noexcept;
  LaneEngine& operator=(LaneEngine&&) noexcept;

  [[nodiscard]] std::string name() const;                              // as in ChosenEngine
  [[nodiscard]] IpsecMb* ipsec_mb() const { return ipsec_mb_.get(); }  // nullptr: OpenSSL
  // nullptr: not among its algorithms.
  [[nodiscard]] std::unique_ptr<AeadKey> aead_key(const Cipher& cipher, Bytes key) const;

 private:
  bool vaes_ = false;
  std::unique_ptr<IpsecMb> ipsec_mb_;
};

}  // namespace adit::crypto
