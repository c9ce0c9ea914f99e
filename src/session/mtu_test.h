#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/time.h"
#include "session/frame.h"
#include "wire/inside_message.h"

namespace adit::session {

// How large the UDP payloads of both ways have been, as far as "loads" of the data channel go.
struct LoadSizes {
  unsigned received = 0, sent = 0;
  bool operator==(const LoadSizes&) const = default;
};

// "mtu-test": sends larger and larger packets each way for some minutes, and asks the peer in the
// end what has arrived. It only tells; nothing follows from it.
// source: wire protocol 14.2; stock 2.6
class MtuTest {
 public:
  // tun_mtu: the largest load is as large as a packet of such a device becomes
  void start(const Frame& frame, unsigned tun_mtu, Instant now);
  [[nodiscard]] bool running() const { return next_ != Instant::max(); }
  // The payload of a data packet to send now, if one is due.
  [[nodiscard]] std::optional<Buffer> tick(Instant now);
  [[nodiscard]] Deadline deadline() const { return {next_, "mtu-test"}; }

  // Any message of the peer, with the bytes of the whole payload: also without a test of ours.
  void heard(const wire::OccMessage& message, std::size_t payload_bytes, const Frame& frame);
  // A load that the peer had asked for.
  void answered(std::size_t payload_bytes, const Frame& frame);
  // Both of the peer's and ours, once: received 0 of the peer when it never answered.
  struct Result {
    LoadSizes ours, peers;
  };
  [[nodiscard]] std::optional<Result> take_result();

  // What a peer's question for them is answered with.
  [[nodiscard]] Buffer sizes_message() const;

 private:
  [[nodiscard]] Buffer load(bool ask);

  Frame frame_;
  unsigned largest_ = 0;  // the UDP payload of a full packet
  unsigned step_ = 0, questions_ = 0;
  Instant next_ = Instant::max();
  LoadSizes sizes_;
  std::optional<Result> result_;
};

// In stock's words; the second is empty unless packets were lost for their size.
[[nodiscard]] std::string mtu_test_line(const MtuTest::Result& result);
[[nodiscard]] std::string mtu_test_advice(const MtuTest::Result& result);

inline constexpr std::string_view mtu_test_begins =
    "NOTE: Beginning empirical MTU test -- results should be available in 3 to 4 minutes.";

}  // namespace adit::session
