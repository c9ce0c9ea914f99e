#pragma once

#include <optional>
#include <string>

namespace adit::node {

// Tells that something on the host was turned off that a tunnel needs, and that it is back: each
// once. It begins with what was found at the start, which is told of elsewhere.
class HostWatch {
 public:
  // what: "net.ipv4.ip_forward"; loss: what follows from its being off, and the cure
  HostWatch(std::string what, std::string loss, bool on)
      : what_(std::move(what)), loss_(std::move(loss)), on_(on) {}
  struct News {
    std::string text;
    bool bad = false;
  };
  [[nodiscard]] std::optional<News> look(bool on) {
    if (on == on_) return std::nullopt;
    on_ = on;
    if (on) return News{what_ + " is on again", false};
    return News{what_ + " was turned off: " + loss_, true};
  }

 private:
  std::string what_, loss_;
  bool on_;
};

}  // namespace adit::node
