#pragma once

#include <optional>

#include "crypto/engine.h"
#include "ip/address.h"
#include "plane/vlans.h"

namespace adit::plane {

struct PlaneSetup {
  bool server = false;  // many peers, found by id; otherwise one, whatever the id says
  std::size_t most_peers = 1;
  std::size_t lanes = 1;                 // pairs of an up lane and a down lane
  std::size_t largest_packet = 2048;     // tun MTU and outer packet, whichever is larger
  bool client_to_client = false;         // from the start; a server can switch it later
  bool block_ipv6 = false;               // until InsideRules say it
  bool fragments = false;                // a peer may have "fragment"
  bool compress = false;                 // a peer may be sent compressed packets
  bool pass_tos = false;                 // outer packets take the TOS of the inner ones
  bool latest_acknowledgements = false;  // of a batch: see ip/acknowledgements.h
  bool ethernet = false;                 // the tun carries frames, not IP packets
  std::optional<Vlans> vlans;            // of a server with Ethernet
  bool bare = false;                     // static-key mode: no first byte, all is data under key 0
  crypto::Engine engine = crypto::Engine::openssl;  // as choose_engine() found it
  ip::Address ipv6_answer_from;                     // source of block-ipv6's answers; IPv6
};

}  // namespace adit::plane
