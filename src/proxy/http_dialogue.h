#pragma once

#include <optional>

#include "base/rng.h"
#include "base/time.h"
#include "proxy/dialogue.h"
#include "proxy/http_digest.h"

namespace adit::proxy {

struct HttpSettings {
  enum class Method { none, basic, digest, ntlm2 };
  std::string host, port;  // of the server: the proxy looks it up
  std::string version = "1.0", user_agent;
  std::vector<std::string> headers;  // whole lines
  Method method = Method::none;
  bool automatic = false;       // the method is the one that the proxy asks for
  bool clear_passwords = true;  // "basic" will do
};

// CONNECT through an HTTP proxy: RFC 7231, 7235, 2617. It may take two connections, or with NTLM
// two requests over one.
class HttpDialogue final : public Dialogue {
 public:
  // rng must outlive it.
  HttpDialogue(HttpSettings settings, Rng& rng, WallTime now);

  [[nodiscard]] bool needs_credentials() const override;
  void begin() override;
  [[nodiscard]] std::size_t take(Bytes bytes) override;
  void lost(Loss how) override;

 private:
  using Method = HttpSettings::Method;
  enum class Stage { status, head, body };

  // What a refusal says of itself.
  struct Refusal {
    std::optional<Method> method;
    std::string parameters;
    std::size_t body_bytes = 0;
    bool chunked = false;
  };

  void request();
  void authorize();
  void send_line(const std::string& line);
  void take_line(const std::string& line);
  void take_status(const std::string& line);
  void take_header(const std::string& line);
  void take_offer(const std::string& line, std::string_view offer);
  void take_challenge(std::string_view offer);
  void end_of_head();
  void end_of_refusal();
  [[nodiscard]] bool take_digest();
  void answer_ntlm();
  [[nodiscard]] std::string target() const;

  HttpSettings settings_;
  Rng& rng_;
  WallTime now_;
  Method method_;
  unsigned connections_ = 0;
  bool answered_ = false;  // name and password were sent with this method
  std::optional<DigestChallenge> digest_;
  std::optional<Buffer> ntlm_;  // its challenge

  Stage stage_ = Stage::status;
  bool refused_ = false;
  Refusal refusal_;
  std::string line_;
  std::size_t head_bytes_ = 0;
};

}  // namespace adit::proxy
