// The key exchange message: decoded, encoded and decoded again it says the same.
//
//   flag: from the client | message

#include "wire/key_method2.h"

#include "tests/fuzz/input.h"
#include "wire/peer_info.h"

namespace adit::fuzz {

void try_input(Bytes bytes) {
  Input input(bytes);
  const bool from_client = input.flag();
  const auto message = wire::decode_key_method2(input.rest(), from_client);
  if (!message) return;
  const auto encoded = wire::encode_key_method2(*message, from_client);
  ADIT_ASSERT(encoded.has_value());
  const auto again = wire::decode_key_method2(*encoded, from_client);
  ADIT_ASSERT(again.has_value());
  ADIT_ASSERT(again->source.pre_master == message->source.pre_master);
  ADIT_ASSERT(again->source.random1 == message->source.random1);
  ADIT_ASSERT(again->source.random2 == message->source.random2);
  ADIT_ASSERT(again->options == message->options);
  ADIT_ASSERT(again->username == message->username);
  ADIT_ASSERT(again->password.reveal() == message->password.reveal());
  ADIT_ASSERT(again->peer_info == message->peer_info);
  // The second encoding is the first: it is canonical.
  ADIT_ASSERT(wire::encode_key_method2(*again, from_client) == encoded);
  static_cast<void>(wire::PeerInfo::parse(message->peer_info).proto());
}

}  // namespace adit::fuzz
