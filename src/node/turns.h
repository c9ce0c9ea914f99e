#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace adit::node {

// Who may begin: those that share a subject ("client1", "10.8.0.2") go one after the other, in the
// order they came; all others beside each other, so many at a time. Of those that take long a few
// more are let go on beside them.
class Turns {
 public:
  Turns(std::size_t most_at_once, std::size_t most_slow)
      : most_(most_at_once), most_slow_(most_slow) {}

  // A number of its own for each.
  std::uint64_t join(std::vector<std::string> subjects);
  // Somebody who begins now; nothing: nobody may.
  [[nodiscard]] std::optional<std::uint64_t> next();
  // Somebody who has begun takes long: from now on only those of the same subjects wait for it.
  void slow(std::uint64_t who);
  // Somebody who has begun is done.
  void leave(std::uint64_t who);

 private:
  struct Member {
    std::vector<std::string> subjects;
    std::size_t behind = 0;  // in so many lines it is not the first
  };

  std::size_t most_, most_slow_;
  std::uint64_t last_ = 0;
  std::size_t begun_ = 0;
  std::map<std::uint64_t, Member> members_;
  std::map<std::string, std::deque<std::uint64_t>> lines_;
  std::set<std::uint64_t> ready_;
  std::set<std::uint64_t> slow_;
};

}  // namespace adit::node
