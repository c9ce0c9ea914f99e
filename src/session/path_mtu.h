#pragma once

#include <array>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "ip/address.h"
#include "session/frame.h"
#include "session/mtu_search.h"

namespace adit::session {

// Finds how large the packets to one peer and from it may be, and notices when that changes.
//
// It uses what every 2.x peer answers inside the data channel: asked for a "load" of n bytes, the
// peer sends one. A large question that asks for little tells of the way there, a small question
// that asks for much of the way back; answers are told apart by their length. (How long an answer
// to n is differs between versions: the first, small question learns it, and whether the peer
// answers at all.) source: wire protocol 14.2; observed with 2.6.
class PathMtu {
 public:
  // What passes, counted as outer IP packets; 0: nobody knows.
  struct Found {
    unsigned up = 0;    // from us
    unsigned down = 0;  // to us
    bool operator==(const Found&) const = default;
  };
  // Ends of the tunnel, of one family: whom echo requests go to, and from whom.
  struct EchoWay {
    ip::Address from, to;
  };
  struct Setup {
    Frame frame;
    unsigned tun_mtu = 1500;
    bool at_once = false;  // the peer has keys by now; otherwise it is heard first
    Found known;           // from an earlier time; good until something else is found
    std::vector<EchoWay> echo_ways{};
    std::uint64_t echo_mark = 0;  // that nobody can guess; with echo_ways
  };
  enum class State {
    off,
    waiting,    // for a first packet of the peer
    asking,     // whether it answers
    searching,  // for the sizes
    settled,    // and looking from time to time whether they are still right
    silent,     // it does not answer
  };
  // What has passed so far.
  struct Traffic {
    std::uint64_t received_packets = 0;
    std::uint64_t inside_bytes = 0;
  };

  // Begins, also anew: the peer has moved, or has other keys.
  void start(const Setup& setup, const Traffic& traffic, Instant now);

  // Call when the deadline has passed; harmless early.
  void tick(const Traffic& traffic, Instant now);
  // A load message of the peer, the whole payload. Believed as far as it is large.
  void answered(Bytes payload, Instant now);
  // A first packet of the peer has come: spares the wait until we look.
  void heard(Instant now);
  // An answer to an echo request that carries echo_mark(); bytes: of the inner packet.
  void echoed(unsigned sequence, std::size_t bytes, Instant now);
  // Somebody on the way says that packets from us beyond this size (0: some size) are lost. Anybody
  // can say so: it is looked at once, but not more than once a second. True: it is.
  bool doubted(unsigned outer, Instant now);
  // Answers that carry this are meant for echoed(); 0: none is awaited.
  [[nodiscard]] std::uint64_t echo_mark() const;
  // Payloads of data packets to send now.
  [[nodiscard]] std::vector<Buffer> take_probes() { return std::exchange(probes_, {}); }
  // Whether found() or silence is news; told once.
  [[nodiscard]] bool take_news() { return std::exchange(news_, false); }

  [[nodiscard]] Deadline deadline() const { return next_; }
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const Found& found() const { return found_; }
  // A packet from us that is this large needs no limit: every inner packet fits.
  [[nodiscard]] bool all_fits_up() const { return found_.up >= ceiling_up_; }
  // Nothing wider was looked for.
  [[nodiscard]] bool is_widest() const {
    return found_.up >= up_.ceiling() && found_.down >= down_.ceiling();
  }
  [[nodiscard]] bool found_by_echo() const { return echoes_; }
  // The largest inner packets that pass; 0: nobody knows.
  [[nodiscard]] unsigned inner_most_up() const { return room_in(found_.up); }
  [[nodiscard]] unsigned inner_most_down() const { return room_in(found_.down); }

 private:
  void search(Instant now);
  void send_round(Instant now);
  void end_round(Instant now);
  void settle(Instant now);
  void ask(Instant now);
  void start_ways();
  void take_answer(Instant now);
  void look_again(const Traffic& traffic, Instant now);
  void check(Instant now);
  void probe_up(unsigned outer);
  void probe_down(unsigned outer);
  void echo(unsigned way, unsigned bytes, unsigned outer);
  [[nodiscard]] unsigned room_in(unsigned outer) const {
    return outer == 0 ? 0 : outer_room(setup_.frame, outer);
  }
  [[nodiscard]] unsigned inner_for(unsigned outer) const;
  void question(unsigned load, std::size_t payload_bytes);
  void publish();
  [[nodiscard]] Duration patience() const;

  static constexpr unsigned marks = 128;

  Setup setup_;
  State state_ = State::off;
  Deadline next_{Instant::max(), "path-mtu"};
  Traffic seen_;
  unsigned ceiling_up_ = 0;
  MtuSearch up_, down_;
  std::array<std::uint16_t, marks> marked_{};  // outer sizes of the latest questions upwards
  unsigned next_mark_ = 0;
  int shorter_by_ = 0;   // an answer is this much shorter than asked for
  bool echoes_ = false;  // the peer answers echo requests, and nothing else
  unsigned way_ = 0;     // which of echo_ways answered first
  unsigned attempts_ = 0;
  bool alive_ = false;  // the small question of this look was answered
  bool looking_ = false;
  Instant asked_at_, echo_asked_at_;
  Instant doubt_again_ = Instant::min();
  Duration round_trip_{};
  Duration rest_{};  // between two looks
  Instant grow_at_;
  Duration grow_wait_{};     // to the next look for a wider path; longer each time
  bool growing_ = false;     // what was found before stands
  bool begun_anew_ = false;  // so it does until this search is over
  std::vector<Buffer> probes_;
  Found found_;
  bool news_ = false;
};

}  // namespace adit::session
