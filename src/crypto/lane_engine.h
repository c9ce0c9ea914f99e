#pragma once

#include <memory>

#include "crypto/engine.h"

namespace adit::crypto {

class IpsecMb;

// What the sealers, or the openers, of one thread share: the queues of ipsec-mb's multi-buffer
// functions, 200 kB. Keys may be made with it in another thread; they are used in one.
class LaneEngine {
 public:
  // Where ipsec_mb cannot be had, and for automatic, it is OpenSSL: ask choose_engine() first.
  explicit LaneEngine(Engine engine = Engine::openssl);
  explicit LaneEngine(std::unique_ptr<IpsecMb> library);
  ~LaneEngine();
  LaneEngine(LaneEngine&&) noexcept;
  LaneEngine& operator=(LaneEngine&&) noexcept;

  [[nodiscard]] IpsecMb* ipsec_mb() const { return ipsec_mb_.get(); }  // nullptr: OpenSSL

 private:
  std::unique_ptr<IpsecMb> ipsec_mb_;
};

}  // namespace adit::crypto
