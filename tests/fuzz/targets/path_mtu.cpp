// A peer that answers questions about the path as it likes: at any time, of any length, unasked.
// What is found stays within bounds, so do the questions, and there is always an end to them.
//
//   flags: wait for the peer, echo requests | steps: milliseconds passed, what: an answer of a
//   length, an answer to an echo, doubts, traffic

#include "session/path_mtu.h"

#include "ip/inner_packet.h"
#include "tests/fuzz/fixtures.h"
#include "tests/fuzz/input.h"
#include "wire/inside_message.h"

namespace adit::fuzz {

namespace {

using session::PathMtu;
using namespace std::chrono_literals;

constexpr unsigned tun_mtu = 1500;
constexpr unsigned most_steps = 200;
// Two searches of a few rounds and one look, per step at most.
constexpr std::size_t most_questions_at_once = 40;

class Peer {
 public:
  Peer(const char* cipher, bool at_once, bool echoes) {
    if (echoes) {
      setup_.echo_ways.push_back(
          {*ip::Address::parse("10.8.0.1"), *ip::Address::parse("10.8.0.2")});
      setup_.echo_mark = 1;
    }
    setup_.frame.cipher = crypto::find_cipher(cipher);
    setup_.tun_mtu = tun_mtu;
    setup_.at_once = at_once;
    finder_.start(setup_, traffic_, now_);
  }

  void step(Input& input) {
    now_ += std::chrono::milliseconds(input.u16());
    switch (input.below(6)) {
      case 0:
        finder_.answered(Buffer(input.u16()), now_);
        break;
      case 1:
        ++traffic_.received_packets;
        break;
      case 2:
        traffic_.inside_bytes += input.u16();
        break;
      case 3:
        finder_.echoed(input.u16(), input.u16(), now_);
        break;
      case 4:
        static_cast<void>(finder_.doubted(input.u16(), now_));
        break;
      default:
        finder_.start(setup_, traffic_, now_);
        break;
    }
    finder_.tick(traffic_, now_);
    check();
  }

  // Nobody answers any more: sooner or later nothing is asked until there is traffic.
  void fall_silent() {
    for (int i = 0; i < 400; ++i) {
      now_ = std::max(now_, std::min(finder_.deadline().at, now_ + 1min));
      finder_.tick(traffic_, now_);
      check();
    }
    ADIT_ASSERT(finder_.state() != PathMtu::State::searching &&
                finder_.state() != PathMtu::State::asking);
  }

 private:
  void check() {
    const std::vector<Buffer> questions = finder_.take_probes();
    for (const Buffer& question : questions) {
      ADIT_ASSERT(question.size() <= tun_mtu);
      ADIT_ASSERT(wire::has_occ_magic(question) || ip::look(question));
    }
    ADIT_ASSERT(questions.size() <= most_questions_at_once);
    static_cast<void>(finder_.take_news());
    const auto& [up, down] = finder_.found();
    ADIT_ASSERT(up <= session::outer_size(setup_.frame, tun_mtu) && down <= 1500);
  }

  PathMtu::Setup setup_;
  PathMtu finder_;
  PathMtu::Traffic traffic_;
  Instant now_ = start_of_time;
};

}  // namespace

void try_input(Bytes bytes) {
  Input input(bytes);
  const char* const ciphers[] = {"AES-256-GCM", "AES-256-CBC", "CHACHA20-POLY1305"};
  const char* cipher = input.pick(ciphers);
  const bool at_once = input.flag();
  Peer peer(cipher, at_once, input.flag());
  for (unsigned i = 0; i < most_steps && !input.empty(); ++i) peer.step(input);
  peer.fall_silent();
}

}  // namespace adit::fuzz
