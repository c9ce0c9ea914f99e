// The replay window beside a plain model of it: a list of slots, newest first, as the protocol
// description puts it.
//
//   window | seconds | steps: what, and its numbers

#include "crypto/replay_window.h"

#include <algorithm>
#include <deque>

#include "tests/fuzz/fixtures.h"
#include "tests/fuzz/input.h"

namespace adit::fuzz {

namespace {

// source: wire protocol 11.2
class Model {
 public:
  Model(std::uint32_t packets, std::uint32_t seconds) : packets_(packets), seconds_(seconds) {}

  bool take(std::uint64_t id, std::uint32_t time, std::int64_t now) {
    if (last_reap_ + 5 <= now) reap(now);
    const bool accepted = id != 0 && (packets_ == 0 ? in_sequence(id, time) : fits(id, time));
    if (accepted) add(id, time, now);
    return accepted;
  }
  [[nodiscard]] std::uint64_t highest() const { return highest_; }

 private:
  enum class Kind { unseen, expired, seen };
  struct Slot {
    Kind kind = Kind::unseen;
    std::int64_t at = 0;
  };

  [[nodiscard]] bool in_sequence(std::uint64_t id, std::uint32_t time) const {
    if (time != time_) return time > time_ && id == 1;
    return highest_ == 0 || id == highest_ + 1;
  }

  [[nodiscard]] bool fits(std::uint64_t id, std::uint32_t time) const {
    if (time != time_) return time > time_;
    if (id > highest_) return true;
    const std::uint64_t behind = highest_ - id;
    return behind < slots_.size() && slots_[behind].kind == Kind::unseen;
  }

  void add(std::uint64_t id, std::uint32_t time, std::int64_t now) {
    if (packets_ == 0) {
      highest_ = id;
      time_ = time;
      return;
    }
    if (slots_.empty() || time > time_ || (id >= packets_ && id - packets_ > highest_)) {
      time_ = time;
      highest_ = id > packets_ ? id - packets_ : 0;
      slots_.clear();
    }
    for (; highest_ < id; ++highest_) {
      slots_.push_front({});
      if (slots_.size() > packets_) slots_.pop_back();
    }
    if (highest_ - id < slots_.size()) slots_[highest_ - id] = {Kind::seen, now};
  }

  void reap(std::int64_t now) {
    last_reap_ = now;
    if (seconds_ == 0) return;
    bool closing = false;
    for (Slot& slot : slots_) {
      if (slot.kind == Kind::expired) return;
      closing = closing || (slot.kind == Kind::seen && slot.at + seconds_ < now);
      if (closing) slot.kind = Kind::expired;
    }
  }

  std::uint32_t packets_;
  std::uint32_t seconds_;
  std::deque<Slot> slots_;  // slot d belongs to highest_ - d
  std::uint64_t highest_ = 0;
  std::uint32_t time_ = 0;
  std::int64_t last_reap_ = INT64_MIN / 2;
};

// Carried to another process, a window accepts nothing that it had already refused.
void try_carried(const crypto::ReplayWindow& window, std::uint32_t packets, std::uint32_t seconds,
                 std::uint64_t id, std::uint32_t time, Instant now) {
  crypto::ReplayWindow original = window;
  const bool by_original =
      original.check(id, time, now) == Drop::none;  // which also closes what is too old
  crypto::ReplayWindow carried({packets, seconds});
  carried.restore(original.state(), now);
  ADIT_ASSERT(by_original || carried.check(id, time, now) != Drop::none);
}

}  // namespace

void try_input(Bytes bytes) {
  Input input(bytes);
  constexpr std::array<std::uint32_t, 5> sizes{64, 0, 1, 8, 600};
  constexpr std::array<std::uint32_t, 4> ages{15, 0, 3, 600};
  const std::uint32_t packets = input.pick(sizes);
  const std::uint32_t seconds = input.pick(ages);
  const std::uint32_t remember = packets == 8 ? 1000 : 0;
  crypto::ReplayWindow window({packets, seconds}, remember);
  Model model(packets, seconds);
  std::int64_t now = 1'000'000;
  std::uint64_t id = 0;
  std::uint32_t time = 0;
  while (!input.empty()) {
    const std::size_t step = input.below(8);
    const std::uint8_t amount = input.u8();
    switch (step) {
      case 0:
        now += amount;
        continue;
      case 1:
        time += amount;
        break;
      case 2:
        time -= std::min<std::uint32_t>(time, amount);
        break;
      case 3:
        id = amount;
        break;
      case 4:
        id += std::uint64_t{amount} << (amount % 40);
        break;
      case 5:
        id -= std::min<std::uint64_t>(id, amount);
        break;
      default:
        id += amount % 4;
        break;
    }
    const Instant at{std::chrono::seconds(now)};
    try_carried(window, packets, seconds, id, time, at);
    const bool accepted = window.check(id, time, at) == Drop::none;
    if (accepted) window.add(id, time, at);
    // The model walks every id in between.
    ADIT_ASSERT(accepted == model.take(id, time, now));
    ADIT_ASSERT(window.highest() == model.highest());
  }
}

}  // namespace adit::fuzz
