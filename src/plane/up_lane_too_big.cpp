// What the up lane does with an inner packet that is larger than the path to its peer.

#include "ip/inner_packet.h"
#include "ip/too_big.h"
#include "plane/up_lane.h"

namespace adit::plane {

void UpLane::send_too_big(const Packet& packet, const PeerSlot& peer, Origin origin) {
  if (ip::may_be_cut(packet.bytes())) return send_cut(packet, peer);
  drops_.add(Drop::too_big);
  if (answers_left_ == 0) return;
  --answers_left_;
  answer_too_big(packet, peer.inner_most, origin);
}

// The order of packets stays: what waits goes first.
void UpLane::send_cut(const Packet& packet, const PeerSlot& peer) {
  flush();
  for (std::size_t number = 0; number < batch_packets; ++number) {
    Packet& piece = spare_[number];
    const MutableBytes room = piece.landing(front_room);
    const std::size_t size = ip::cut(packet.bytes(), peer.inner_most, number, room);
    if (size == 0) break;
    piece.set_size(size);
    enqueue(piece, &peer, size);
  }
  flush();
}

void UpLane::answer_too_big(const Packet& packet, std::size_t mtu, Origin origin) {
  flush();
  Packet& answer = spare_[0];
  const MutableBytes room = answer.landing(front_room);
  const std::size_t size = ip::too_big_answer(packet.bytes(), mtu, room);
  if (size == 0) return;
  answer.set_size(size);
  if (origin == Origin::tun) {
    Packet* const answers[] = {&answer};
    around_.tun.write(answers, drops_);
    return;
  }
  const auto inner = ip::look(answer.bytes());
  const PeerIndex* back = around_.tables.routes().peers.find(inner->destination);
  const PeerSlot* sender = back != nullptr ? around_.tables.peer(*back) : nullptr;
  if (sender == nullptr) return drops_.add(Drop::no_route);
  if (sender->lane != around_.lane) return hand_over(answer, *sender, Origin::peer);
  enqueue(answer, sender, size);
  flush();
}

}  // namespace adit::plane
