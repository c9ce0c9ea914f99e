#include "proxy/http_dialogue.h"

#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "proxy/ntlm.h"

namespace adit::proxy {

namespace {

constexpr std::size_t longest_line = 4096, most_head_bytes = 65536;
constexpr std::size_t most_body_bytes = std::size_t{1} << 20;
constexpr int status_ok = 200, status_authenticate = 407;
constexpr unsigned most_connections = 4;
constexpr std::string_view not_accepted =
    "The HTTP proxy does not accept this user name and password";
constexpr std::string_view corrupted =
    "NTLM Proxy-Authorization phase 3 failed: received corrupted data from proxy server";

// The number of "HTTP/1.1 200 Connection established"; 0: it is no such line.
int status_of(std::string_view line) {
  if (!line.starts_with("HTTP/")) return 0;
  const auto parts = words(line);
  return parts.size() < 2 ? 0 : to_number<int>(parts[1]).value_or(0);
}

// What stands behind the name of a header; nothing: it is another one.
std::optional<std::string_view> value_of(std::string_view line, std::string_view upper_name) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || to_upper(line.substr(0, colon)) != upper_name) {
    return std::nullopt;
  }
  return trim(line.substr(colon + 1));
}

// "Basic realm=..." of the scheme "BASIC": what follows, which may be nothing.
std::optional<std::string_view> scheme_of(std::string_view offer, std::string_view upper_scheme) {
  const std::string_view name = offer.substr(0, offer.find(' '));
  if (to_upper(name) != upper_scheme) return std::nullopt;
  return trim(offer.substr(name.size()));
}

bool is_v6(std::string_view host) { return host.find(':') != std::string_view::npos; }

}  // namespace

HttpDialogue::HttpDialogue(HttpSettings settings, Rng& rng, WallTime now)
    : settings_(std::move(settings)), rng_(rng), now_(now), method_(settings_.method) {}

bool HttpDialogue::needs_credentials() const {
  return method_ != Method::none && !has_credentials();
}

std::string HttpDialogue::target() const {
  const std::string host = is_v6(settings_.host) ? '[' + settings_.host + ']' : settings_.host;
  return host + ':' + settings_.port;
}

void HttpDialogue::begin() {
  set_state(State::talking);
  ntlm_.reset();
  ++connections_;
  request();
}

void HttpDialogue::send_line(const std::string& line) {
  note("Send to HTTP proxy: '" + line + "'");
  write(line + "\r\n");
}

void HttpDialogue::request() {
  stage_ = Stage::status;
  line_.clear();
  head_bytes_ = 0;
  refused_ = false;
  refusal_ = {};
  if (method_ == Method::digest) note("Proxy requires authentication");
  send_line("CONNECT " + target() + " HTTP/" + settings_.version);
  bool names_host = false;
  for (const std::string& header : settings_.headers) {
    send_line(header);
    names_host = names_host || value_of(header, "HOST");
  }
  if (!names_host) {
    send_line("Host: " + (is_v6(settings_.host) ? '[' + settings_.host + ']' : settings_.host));
  }
  if (!settings_.user_agent.empty()) send_line("User-Agent: " + settings_.user_agent);
  authorize();
  write("\r\n");
}

// What is sent here is not shown: passwords can be found from it.
void HttpDialogue::authorize() {
  const Credentials& who = credentials();
  switch (method_) {
    case Method::none:
      return;
    case Method::basic: {
      note("Attempting Basic Proxy-Authorization");
      const SecretText both(who.user + ":" + who.password.reveal());
      write("Proxy-Authorization: Basic " + to_base64(as_bytes(both.reveal())) + "\r\n");
      answered_ = true;
      return;
    }
    case Method::digest: {
      std::array<std::uint8_t, 8> nonce;
      rng_.fill(nonce);
      note("Send to HTTP proxy: 'Proxy-Authorization: Digest [...]'");
      write("Proxy-Authorization: Digest " +
            answer_digest(*digest_, who, "CONNECT", target(), to_base64(nonce)) + "\r\n");
      answered_ = true;
      return;
    }
    case Method::ntlm2:
      return answer_ntlm();
  }
}

void HttpDialogue::answer_ntlm() {
  write("Proxy-Connection: Keep-Alive\r\n");
  if (!ntlm_) {
    note("Attempting NTLM Proxy-Authorization phase 1");
    write("Proxy-Authorization: NTLM " + to_base64(ntlm_greeting()) + "\r\n");
    return;
  }
  note("Attempting NTLM Proxy-Authorization phase 3");
  NtlmMoment moment{{}, now_};
  rng_.fill(moment.nonce);
  const auto challenge = NtlmChallenge::parse(*ntlm_);
  const auto answer = challenge ? ntlm_answer(*challenge, credentials(), moment) : std::nullopt;
  if (!challenge) return fail(std::string(corrupted));
  if (!answer) return fail("NTLM: Username or domain too long");
  note("Send to HTTP proxy: 'Proxy-Authorization: NTLM [...]'");
  write("Proxy-Authorization: NTLM " + to_base64(*answer) + "\r\n");
  answered_ = true;
}

std::size_t HttpDialogue::take(Bytes bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size() && state() == State::talking) {
    if (stage_ == Stage::body) {
      const std::size_t now = std::min(refusal_.body_bytes, bytes.size() - taken);
      taken += now;
      refusal_.body_bytes -= now;
      if (refusal_.body_bytes == 0) request();
      continue;
    }
    const char letter = static_cast<char>(bytes[taken++]);
    ++head_bytes_;
    if (letter == '\n') {
      if (line_.ends_with('\r')) line_.pop_back();
      take_line(std::exchange(line_, {}));
    } else if (line_.size() < longest_line && head_bytes_ < most_head_bytes) {
      line_ += letter;
    } else {
      fail("The HTTP proxy's answer is longer than any should be");
    }
  }
  return taken;
}

void HttpDialogue::take_line(const std::string& line) {
  if (stage_ == Stage::status) {
    take_status(line);
  } else if (line.empty()) {
    end_of_head();
  } else {
    take_header(line);
  }
}

void HttpDialogue::take_status(const std::string& line) {
  note("HTTP proxy returned: '" + printable(line) + "'");
  stage_ = Stage::head;
  const int status = status_of(line);
  if (status == status_ok) return;
  if (status != status_authenticate) return fail("HTTP proxy returned bad status");
  refused_ = true;
  note("Proxy requires authentication");
  const bool can_answer = settings_.automatic || (method_ == Method::ntlm2 && !ntlm_);
  if (can_answer) {
    if (method_ == Method::basic) note("Proxy requires authentication");
    return;
  }
  if (method_ == Method::none) {
    return fail("HTTP proxy: no support for proxy authentication method");
  }
  note("Proxy requires authentication");
  fail(std::string(not_accepted));
}

void HttpDialogue::take_header(const std::string& line) {
  if (!refused_) return;
  const bool greeted = method_ == Method::ntlm2 && !ntlm_ && !answered_;
  if (greeted) note("HTTP proxy returned: '" + printable(line) + "'");
  if (const auto length = value_of(line, "CONTENT-LENGTH")) {
    refusal_.body_bytes = to_number<std::size_t>(*length).value_or(0);
  } else if (const auto coding = value_of(line, "TRANSFER-ENCODING")) {
    refusal_.chunked = to_upper(*coding) == "CHUNKED";
  } else if (const auto offer = value_of(line, "PROXY-AUTHENTICATE")) {
    greeted ? take_challenge(*offer) : take_offer(line, *offer);
  }
}

// The first that can be used; a proxy names them in the order it likes them.
void HttpDialogue::take_offer(const std::string& line, std::string_view offer) {
  struct Known {
    Method method;
    std::string_view scheme;
  };
  constexpr std::array known{Known{Method::basic, "BASIC"}, Known{Method::digest, "DIGEST"},
                             Known{Method::ntlm2, "NTLM"}};
  const bool usable =
      refusal_.method && (*refusal_.method != Method::basic || settings_.clear_passwords);
  if (usable) return;
  for (const auto& [method, scheme] : known) {
    const auto parameters = scheme_of(offer, scheme);
    if (!parameters) continue;
    note(fmt::format("PROXY AUTH {}: '{}'", scheme, printable(line)));
    refusal_.method = method;
    refusal_.parameters = *parameters;
  }
}

void HttpDialogue::take_challenge(std::string_view offer) {
  const auto text = scheme_of(offer, "NTLM");
  if (!text || text->empty()) return;
  note("Received NTLM Proxy-Authorization phase 2 response");
  ntlm_ = from_base64(*text);
}

void HttpDialogue::end_of_head() {
  if (!refused_) return set_state(State::through);
  if (method_ != Method::ntlm2 || answered_) return end_of_refusal();
  if (!ntlm_) return fail(std::string(corrupted));
  if (refusal_.chunked || refusal_.body_bytes > most_body_bytes) {
    return fail("The HTTP proxy's answer is longer than any should be");
  }
  if (refusal_.body_bytes == 0) return request();
  stage_ = Stage::body;
}

// It goes on over another connection, with the method that was asked for.
void HttpDialogue::end_of_refusal() {
  if (!refusal_.method) {
    return fail("HTTP proxy: do not recognize the authentication method required by proxy");
  }
  const Method wanted = *refusal_.method;
  if (wanted != Method::ntlm2) {
    note("HTTP proxy authenticate '" + printable(refusal_.parameters) + "'");
  }
  if (wanted == Method::basic && !settings_.clear_passwords) {
    return fail(
        "HTTP proxy: support for basic auth and other cleartext proxy auth methods is disabled");
  }
  if (wanted == Method::digest && !take_digest()) return;
  if ((answered_ && wanted == method_) || connections_ >= most_connections) {
    return fail(std::string(not_accepted));
  }
  answered_ = false;
  method_ = wanted;
  set_state(State::again);
}

// False: it cannot be answered.
bool HttpDialogue::take_digest() {
  digest_ = DigestChallenge::parse(refusal_.parameters);
  if (!digest_) {
    fail(
        "HTTP proxy: digest auth failed, malformed response from server: realm= or nonce= missing");
  } else if (!digest_->can_be_answered()) {
    fail("HTTP proxy: the digest algorithm " + printable(digest_->algorithm) +
         " is not known here");
  } else if (digest_->stale) {
    answered_ = false;
  }
  return state() == State::talking;
}

void HttpDialogue::lost(Loss how) {
  fail(how == Loss::silent ? "recv_line: TCP port read timeout expired"
                           : "recv_line: TCP port read failed on recv()");
}

}  // namespace adit::proxy
