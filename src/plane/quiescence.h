#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <vector>

namespace adit::plane {

// Lets lanes read tables without locks: what the control thread has replaced is freed only after
// every lane has passed a quiet point (the edge of a turn) since.
class Quiescence {
 public:
  class Reader {
   public:
    // Around every turn of a lane. Pointers read inside are good until away(). They are read in
    // sequentially consistent order: whoever still got an old pointer has been seen here() before.
    void here() {
      seen_.store(owner_->epoch_.load(std::memory_order_seq_cst), std::memory_order_seq_cst);
    }
    void away() { seen_.store(never, std::memory_order_release); }

   private:
    friend class Quiescence;
    explicit Reader(Quiescence* owner) : owner_(owner) {}
    Quiescence* owner_;
    alignas(64) std::atomic<std::uint64_t> seen_{never};
  };

  // Before the lanes run; the reader lives as long as this object.
  Reader& add_reader();
  // Control thread: free runs once nobody can hold the old value any more.
  void retire(std::function<void()> free);
  void collect();
  [[nodiscard]] std::size_t waiting() const { return retired_.size(); }

 private:
  static constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

  struct Retired {
    std::uint64_t epoch;
    std::function<void()> free;
  };
  std::atomic<std::uint64_t> epoch_{0};
  std::vector<std::unique_ptr<Reader>> readers_;
  std::deque<Retired> retired_;
};

}  // namespace adit::plane
