#pragma once

#include <deque>
#include <functional>

#include "doctor/inside.h"

namespace adit::doctor {

// A tunnel whose far side answers echo requests as it is told, in virtual time.
class FakeInside final : public Inside {
 public:
  // Of a request: whether it is answered.
  std::function<bool(const ip::Address& host, std::size_t bytes)> answers = [](auto&, auto) {
    return true;
  };
  Duration round_trip = std::chrono::milliseconds(2);
  std::size_t most_under_way = 1000;
  std::size_t asked = 0;
  std::vector<ip::Address> seen;
  std::deque<Buffer> other;  // arrives before any answer

  bool send(Bytes packet) override;
  std::optional<Buffer> receive(Instant until) override;
  Instant now() override { return now_; }

 private:
  struct OnTheWay {
    Instant at;
    Buffer packet;
  };
  std::deque<OnTheWay> coming_;
  Instant now_{};
};

}  // namespace adit::doctor
