// tls-crypt-v2: the wrapped client key at the end of a datagram, and keys of ours with any metadata
// that were damaged.
//
//   datagram as a piece | metadata as a piece | damage

#include <algorithm>

#include "tests/fuzz/fixtures.h"
#include "tests/fuzz/input.h"

namespace adit::fuzz {

namespace {

void try_datagram(Bytes datagram) {
  const auto length = crypto::wkc_length(datagram);
  if (!length) return;
  ADIT_ASSERT(*length >= 290 && *length <= 1024 && *length < datagram.size());
  static_cast<void>(v2_server_key().unwrap(datagram.last(*length)));
}

}  // namespace

void try_input(Bytes bytes) {
  Input input(bytes);
  const Bytes datagram = input.piece();
  try_datagram(datagram);
  static_cast<void>(v2_server_key().unwrap(datagram));

  const Bytes metadata = input.piece();
  const auto wrapped = v2_server_key().wrap(static_key(), metadata);
  ADIT_ASSERT(wrapped.has_value() == (metadata.size() <= 734));
  if (!wrapped) return;
  const auto unwrapped = v2_server_key().unwrap(wrapped->wrapped);
  ADIT_ASSERT(unwrapped && std::ranges::equal(unwrapped->key.bytes(), static_key().bytes()));
  ADIT_ASSERT(std::ranges::equal(unwrapped->metadata, metadata));

  Buffer appended{0x50};
  appended.insert(appended.end(), wrapped->wrapped.begin(), wrapped->wrapped.end());
  ADIT_ASSERT(crypto::wkc_length(appended) == wrapped->wrapped.size());

  Buffer damaged = wrapped->wrapped;
  damage(damaged, input);
  ADIT_ASSERT(same(damaged, wrapped->wrapped) || !v2_server_key().unwrap(damaged));
}

}  // namespace adit::fuzz
