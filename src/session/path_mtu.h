#pragma once

#include <array>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
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
  struct Setup {
    Frame frame;
    unsigned tun_mtu = 1500;
    bool at_once = false;  // the peer has keys by now; otherwise it is heard first
    Found known;           // from an earlier time; good until something else is found
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
  [[nodiscard]] bool is_widest() const { return all_fits_up() && found_.down >= down_.ceiling(); }

 private:
  void search(Instant now);
  void send_round(Instant now);
  void end_round(Instant now);
  void settle(Instant now);
  void look_again(const Traffic& traffic, Instant now);
  void check(Instant now);
  void probe_up(unsigned outer);
  void probe_down(unsigned outer);
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
  int shorter_by_ = 0;  // an answer is this much shorter than asked for
  unsigned attempts_ = 0;
  bool alive_ = false;  // the small question of this look was answered
  bool looking_ = false;
  Instant asked_at_;
  Duration round_trip_{};
  Duration rest_{};  // between two looks
  Instant grow_at_;
  Duration grow_wait_{};  // to the next look for a wider path; longer each time
  bool growing_ = false;  // what was found before stands
  std::vector<Buffer> probes_;
  Found found_;
  bool news_ = false;
};

}  // namespace adit::session
