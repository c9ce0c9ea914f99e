#pragma once

#include <atomic>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace adit::plane {

// A bounded queue of (head, bytes) between one producer and one consumer thread. Everything is
// allocated at the start; what does not fit is refused.
template <typename Head>
class MessageRing {
 public:
  // What a ring holds of its memory from the start: all, so that no flood makes the process grow,
  // or what was used so far.
  enum class Memory { all, used };

  // slots: a power of two
  MessageRing(std::size_t slots, std::size_t largest_message, Memory memory = Memory::all)
      : mask_(slots - 1),
        largest_(largest_message),
        slots_(slots),
        bytes_(new std::uint8_t[slots * largest_message]) {
    if (memory == Memory::all) std::memset(bytes_.get(), 0, slots * largest_message);
  }

  // Producer. False: full, or the message is too large.
  [[nodiscard]] bool push(const Head& head, Bytes message) {
    const std::size_t at = tail_.load(std::memory_order_relaxed);
    if (at - head_.load(std::memory_order_acquire) > mask_ || message.size() > largest_)
      return false;
    Slot& slot = slots_[at & mask_];
    slot.head = head;
    slot.size = message.size();
    if (!message.empty()) std::memcpy(room(at), message.data(), message.size());
    tail_.store(at + 1, std::memory_order_release);
    return true;
  }

  // Producer: how many messages are not taken yet.
  [[nodiscard]] std::size_t waiting() const {
    return tail_.load(std::memory_order_relaxed) - head_.load(std::memory_order_acquire);
  }

  struct Message {
    Head head;
    MutableBytes bytes;  // valid until pop()
  };
  // Consumer: the oldest message, then pop() to let it go.
  [[nodiscard]] std::optional<Message> front() {
    const std::size_t at = head_.load(std::memory_order_relaxed);
    if (at == tail_.load(std::memory_order_acquire)) return std::nullopt;
    const Slot& slot = slots_[at & mask_];
    return Message{slot.head, {room(at), slot.size}};
  }
  void pop() { head_.store(head_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }

 private:
  struct Slot {
    Head head;
    std::size_t size = 0;
  };
  std::uint8_t* room(std::size_t at) { return bytes_.get() + (at & mask_) * largest_; }

  std::size_t mask_;
  std::size_t largest_;
  std::vector<Slot> slots_;
  std::unique_ptr<std::uint8_t[]> bytes_;
  alignas(64) std::atomic<std::size_t> head_{0};
  alignas(64) std::atomic<std::size_t> tail_{0};
};

}  // namespace adit::plane
