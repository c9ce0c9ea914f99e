// Peer info lines, and what both roles negotiate from them.
//
//   options consistency string as a piece | peer info

#include <algorithm>

#include "base/text.h"
#include "crypto/cipher.h"
#include "session/negotiation.h"
#include "tests/fuzz/input.h"

namespace adit::fuzz {

namespace {

const session::Offer& offer() {
  static const session::Offer made{
      .data_ciphers = {"AES-256-GCM", "AES-128-GCM", "CHACHA20-POLY1305", "AES-256-CBC"},
      .fallback = "BF-CBC"};
  return made;
}

// A cipher we offered or fall back to, and nothing that the peer did not announce.
void check(const session::Negotiated& chosen, const wire::PeerInfo& info) {
  const auto& own = offer().data_ciphers;
  ADIT_ASSERT(chosen.cipher == offer().fallback ||
              std::ranges::find(own, chosen.cipher) != own.end());
  ADIT_ASSERT(crypto::find_cipher(chosen.cipher) != nullptr);
  ADIT_ASSERT(!chosen.key_export || info.offers(wire::proto_tls_key_export));
  ADIT_ASSERT(!chosen.epoch || (info.offers(wire::proto_data_epoch) && chosen.data_v2 &&
                                crypto::find_cipher(chosen.cipher)->is_aead()));
  ADIT_ASSERT(!chosen.dyn_tls_crypt || chosen.key_export);
}

}  // namespace

void try_input(Bytes bytes) {
  Input input(bytes);
  const std::string_view options = as_text(input.piece());
  const auto info = wire::PeerInfo::parse(as_text(input.rest()));
  const auto again = wire::PeerInfo::parse(info.text());
  ADIT_ASSERT(again.lines() == info.lines());
  for (const auto& [name, value] : info.lines()) {
    ADIT_ASSERT(info.find(name) == value);
    const auto shown = wire::exportable_value(name, value);
    ADIT_ASSERT(!shown || (printable(*shown) == *shown && shown->find(' ') == std::string::npos));
  }
  const session::PeerFacts peer{info, options};
  if (const auto choice = session::choose_as_server(offer(), peer, 3)) {
    check(choice->negotiated, info);
  }
  for (const bool tls_server : {false, true}) {
    const auto choice = session::choose_point_to_point(offer(), tls_server, "BF-CBC", peer);
    if (choice) check(choice->negotiated, info);
  }
  const auto as_client = session::choose_as_client(offer(), {}, options);
  if (as_client) check(*as_client, info);
}

}  // namespace adit::fuzz
