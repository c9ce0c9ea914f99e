#pragma once

#include <optional>
#include <string>

#include "base/secret.h"

namespace adit::management {

// A user name and password, or a password alone, that the instance waits for.
struct PasswordQuestion {
  std::string type;  // "Auth", "Private Key"
  bool with_name = true;
  std::string challenge{};  // " SC:1,text"; empty: none

  std::optional<std::string> name{};
  std::optional<SecretText> password{};

  [[nodiscard]] std::string line() const {
    return ">PASSWORD:Need '" + type + "' " + (with_name ? "username/" : "") + "password" +
           challenge;
  }
  [[nodiscard]] bool answered() const { return password && (name || !with_name); }
};

// Whether the next server of the list is the one.
struct RemoteQuestion {
  std::string host, port, proto;
  enum class Answer { none, accept, skip, modify } answer = Answer::none;
  unsigned skipped = 1;  // how many to go on

  [[nodiscard]] std::string line() const { return ">REMOTE:" + host + "," + port + "," + proto; }
};

}  // namespace adit::management
