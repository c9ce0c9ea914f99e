#pragma once

#include <string>
#include <string_view>

#include "base/time.h"

namespace adit::bench {

// "[#########...........]"; share: 0..1
[[nodiscard]] std::string bar(double share, std::size_t width);

// How far a measurement is, on standard error: a bar that is drawn again and again on a terminal,
// now and then a line elsewhere.
class Progress {
 public:
  Progress();
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // text: what is said behind the bar. Draws only when it is time to.
  void show(double share, std::string_view text, Instant now);
  // A line that stays.
  void say(std::string_view line);
  // Takes the bar away, for what is printed next.
  void clear();

 private:
  bool terminal_;
  bool drawn_ = false;
  Instant next_ = Instant::min();
};

}  // namespace adit::bench
