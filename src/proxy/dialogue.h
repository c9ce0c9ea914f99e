#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/secret.h"

namespace adit::proxy {

struct Credentials {
  std::string user;
  SecretText password;
};

// For the log.
struct Line {
  int verb = 1;
  std::string text;
};

// What is said with a proxy over one TCP connection. Begin, write what there is to write, hand in
// what comes, and look at the state after each step.
class Dialogue {
 public:
  enum class State {
    talking,
    again,    // to be begun once more, over a new connection
    through,  // what comes now is the server's
    failed,   // the last line says why
  };
  enum class Loss { closed, silent };

  virtual ~Dialogue() = default;

  // Whether name and password have to be given before it can begin.
  [[nodiscard]] virtual bool needs_credentials() const = 0;
  void give(Credentials credentials) {
    credentials_ = std::move(credentials);
    has_credentials_ = true;
  }
  // The connection stands.
  virtual void begin() = 0;
  // Returns how many bytes, from the front, belong to the dialogue; the rest is not looked at.
  [[nodiscard]] virtual std::size_t take(Bytes bytes) = 0;
  // The connection has ended, or nothing comes any more.
  virtual void lost(Loss how) = 0;

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] std::string take_output() { return std::exchange(output_, {}); }
  [[nodiscard]] std::vector<Line> take_lines() { return std::exchange(lines_, {}); }

 protected:
  static constexpr int detail = 3;

  void write(std::string_view bytes) { output_ += bytes; }
  void note(std::string text, int verb = detail) { lines_.push_back({verb, std::move(text)}); }
  void fail(std::string why) {
    note(std::move(why), 1);
    state_ = State::failed;
  }
  void set_state(State state) { state_ = state; }
  [[nodiscard]] bool has_credentials() const { return has_credentials_; }
  [[nodiscard]] const Credentials& credentials() const { return credentials_; }

 private:
  State state_ = State::talking;
  Credentials credentials_;
  bool has_credentials_ = false;
  std::string output_;
  std::vector<Line> lines_;
};

}  // namespace adit::proxy
