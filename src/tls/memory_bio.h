#pragma once

#include "base/bytes.h"
#include "tls/handles.h"

namespace adit::tls {

// The two byte queues between one SSL object and the session. They hold memory only while bytes
// wait, which two of OpenSSL's memory BIOs would not.
struct ByteQueues {
  Buffer inbound;
  std::size_t inbound_at = 0;
  Buffer outbound;
  std::size_t outbound_at = 0;

  [[nodiscard]] std::size_t inbound_left() const { return inbound.size() - inbound_at; }
  [[nodiscard]] std::size_t outbound_left() const { return outbound.size() - outbound_at; }
  void drop_inbound() {
    Buffer().swap(inbound);
    inbound_at = 0;
  }
};

// A BIO over the queues, which must outlive it.
Bio make_queue_bio(ByteQueues& queues);

}  // namespace adit::tls
