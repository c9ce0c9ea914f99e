#include "tls/memory_bio.h"

#include <algorithm>

namespace adit::tls {

namespace {

ByteQueues& queues_of(BIO* bio) { return *static_cast<ByteQueues*>(BIO_get_data(bio)); }

int write_out(BIO* bio, const char* data, int size) {
  Buffer& out = queues_of(bio).outbound;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(data);
  out.insert(out.end(), bytes, bytes + size);
  return size;
}

int read_in(BIO* bio, char* room, int size) {
  ByteQueues& queues = queues_of(bio);
  BIO_clear_retry_flags(bio);
  const std::size_t left = queues.inbound_left();
  if (left == 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const std::size_t count = std::min(left, static_cast<std::size_t>(size));
  std::copy_n(queues.inbound.begin() + static_cast<std::ptrdiff_t>(queues.inbound_at), count,
              reinterpret_cast<std::uint8_t*>(room));
  queues.inbound_at += count;
  if (queues.inbound_left() == 0) queues.drop_inbound();
  return static_cast<int>(count);
}

long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

BIO_METHOD* queue_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "session queues");
    BIO_meth_set_write(made, write_out);
    BIO_meth_set_read(made, read_in);
    BIO_meth_set_ctrl(made, control);
    return made;
  }();
  return method;
}

}  // namespace

Bio make_queue_bio(ByteQueues& queues) {
  Bio bio(BIO_new(queue_method()));
  BIO_set_data(bio.get(), &queues);
  BIO_set_init(bio.get(), 1);
  return bio;
}

}  // namespace adit::tls
