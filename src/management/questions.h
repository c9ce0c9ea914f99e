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

// A signature by the own private key, or the own certificate, which the manager has: lines of text.
struct TextQuestion {
  enum class Kind { signature, certificate } kind = Kind::signature;
  std::string asked;        // the bytes to sign in base64, or which certificate
  std::string algorithm{};  // "RSA_PKCS1_PADDING"; told to managers of version 3 and later

  std::optional<std::string> text{};  // each line ended by LF

  // Managers that have not said their version, or 1, know RSA only.
  [[nodiscard]] std::string line(int version) const {
    if (kind == Kind::certificate) return ">NEED-CERTIFICATE:" + asked;
    return (version <= 1 ? ">RSA_SIGN:" : ">PK_SIGN:") + asked +
           (version > 2 ? "," + algorithm : "");
  }
  [[nodiscard]] std::string command(int version) const {
    if (kind == Kind::certificate) return "certificate";
    return version <= 1 ? "rsa-sign" : "pk-sign";
  }
};

// Whether something has been done, or a text.
struct NeedQuestion {
  enum class Kind { confirmation, text } kind = Kind::confirmation;
  std::string type;     // "token-insertion-request"
  std::string message;  // for who has to do it

  std::optional<std::string> answer{};

  [[nodiscard]] std::string line() const {
    return (kind == Kind::confirmation ? ">NEED-OK:Need '" + type + "' confirmation"
                                       : ">NEED-STR:Need '" + type + "' string") +
           " MSG:" + message;
  }
  [[nodiscard]] std::string what() const {
    return kind == Kind::confirmation ? "needok-confirmation" : "needstr-string";
  }
};

// By which proxy the next server is to be reached.
struct ProxyQuestion {
  std::size_t number = 1;  // of the server in the list
  bool tcp = false;
  std::string host{};

  bool answered = false;
  enum class Kind { none, http, socks } kind = Kind::none;
  std::string proxy_host{}, proxy_port{};
  bool clear_passwords = true;  // may be sent to an HTTP proxy

  [[nodiscard]] std::string line() const {
    return ">PROXY:" + std::to_string(number) + (tcp ? ",TCP," : ",UDP,") + host;
  }
};

}  // namespace adit::management
