#pragma once

// The parts of the ipsec-mb engine. Include from ipsec_mb*.cpp only.

#define NO_COMPAT_IMB_API_053
#include <intel-ipsec-mb.h>

#include "base/assert.h"
#include "base/secret.h"
#include "crypto/aead_parts.h"
#include "crypto/ipsec_mb.h"

namespace adit::crypto {

// nullptr: not this cipher. The manager outlives the key.
std::unique_ptr<AeadKey> make_gcm_key(const IMB_MGR& manager, const Cipher& cipher, Bytes key);
std::unique_ptr<AeadKey> make_chacha_key(IMB_MGR& manager, Bytes key);
std::unique_ptr<CbcHmacKey> make_cbc_hmac_key(IMB_MGR& manager, const Cipher& cipher, Bytes key,
                                              const Digest& digest, Bytes mac_key);

// A run through the queue of a manager, which is empty before and after.
class Jobs {
 public:
  explicit Jobs(IMB_MGR& manager) : manager_(manager) {}

  [[nodiscard]] IMB_JOB& next() { return *manager_.get_next_job(&manager_); }
  void submit() { check(manager_.submit_job(&manager_)); }
  void finish() {
    while (check(manager_.flush_job(&manager_))) {
    }
  }

 private:
  static bool check(const IMB_JOB* done) {
    ADIT_ASSERT(done == nullptr || done->status == IMB_STATUS_COMPLETED);
    return done != nullptr;
  }

  IMB_MGR& manager_;
};

}  // namespace adit::crypto
