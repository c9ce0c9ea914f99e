#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace adit::session {

// Looks for the largest packet that passes one way: first a ladder of sizes all at once, then the
// steps between the largest that passed and the smallest that did not. Sizes count the outer IP
// packet. Nobody answers for a lost packet, so a size is given up only when it failed twice.
class MtuSearch {
 public:
  // ceiling: the largest size worth knowing
  void start(unsigned ceiling);

  // The sizes to try now, smallest first; empty: the search is over.
  [[nodiscard]] std::span<const unsigned> round() const { return round_; }
  // A packet of this size passed. May come late.
  void passed(unsigned size);
  // No more answers are expected to the sizes of this round: makes the next one.
  void round_over();

  [[nodiscard]] bool over() const { return round_.empty(); }
  [[nodiscard]] unsigned found() const { return good_; }  // 0: nothing passed
  [[nodiscard]] unsigned ceiling() const { return ceiling_; }

  static constexpr std::size_t most_per_round = 16;

 private:
  void add(unsigned size);
  void ask_for_ladder();
  void add_steps(unsigned failed);

  unsigned ceiling_ = 0;
  unsigned good_ = 0;
  unsigned doubted_ = 0;  // of this round: failed in the last one; 0: none
  std::vector<unsigned> round_;
};

}  // namespace adit::session
