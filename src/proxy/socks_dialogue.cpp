#include "proxy/socks_dialogue.h"

#include <array>

#include "proxy/socks_header.h"

namespace adit::proxy {

namespace {

constexpr std::uint8_t version = 5, password_version = 1;
constexpr std::uint8_t no_authentication = 0, by_password = 2;
constexpr std::uint8_t connect_command = 1, associate_command = 3;
constexpr std::uint8_t host_name = 3, v6_address = 4;
constexpr std::size_t reply_head = 5;  // with the first byte of the address
constexpr std::size_t longest_text = 255;

constexpr std::array<std::string_view, 9> refusals{"",
                                                   "general failure",
                                                   "its rules do not allow the connection",
                                                   "the network of the server is unreachable",
                                                   "the server's host is unreachable",
                                                   "the server refused the connection",
                                                   "the time to live is over",
                                                   "it does not know the command",
                                                   "it does not know the kind of address"};

char byte(std::size_t value) { return static_cast<char>(value & 0xff); }

}  // namespace

SocksDialogue::SocksDialogue(SocksSettings settings) : settings_(std::move(settings)) {}

bool SocksDialogue::needs_credentials() const {
  return settings_.authenticates && !has_credentials();
}

void SocksDialogue::begin() {
  const Credentials& who = credentials();
  if (who.user.size() > longest_text || who.password.reveal().size() > longest_text) {
    return fail(
        "SOCKS username and/or password exceeds 255 characters.  Authentication not "
        "possible.");
  }
  if (settings_.host.size() > longest_text) {
    return fail("the name of the server is too long for a SOCKS proxy");
  }
  const std::uint8_t method = settings_.authenticates ? by_password : no_authentication;
  write({std::array{byte(version), byte(1), byte(method)}.data(), 3});
}

// How many bytes the answer has that is awaited, as far as its beginning tells.
std::size_t SocksDialogue::wanted() const {
  constexpr std::size_t port_bytes = 2;
  if (stage_ != Stage::reply) return 2;
  if (answer_.size() < reply_head) return reply_head;
  switch (answer_[3]) {
    case socks_v4_address:
      return 4 + 4 + port_bytes;
    case v6_address:
      return 4 + 16 + port_bytes;
    case host_name:
      return reply_head + answer_[4] + port_bytes;
    default:
      return reply_head;
  }
}

std::size_t SocksDialogue::take(Bytes bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size() && state() == State::talking) {
    answer_.push_back(bytes[taken++]);
    if (answer_.size() >= wanted()) handle();
  }
  return taken;
}

void SocksDialogue::handle() {
  switch (stage_) {
    case Stage::method:
      take_method();
      break;
    case Stage::password:
      take_verdict();
      break;
    case Stage::reply:
      take_reply();
      break;
  }
  answer_.clear();
}

void SocksDialogue::take_method() {
  if (answer_[0] != version) return fail("socks_handshake: Socks proxy returned bad status");
  const std::uint8_t offered = settings_.authenticates ? by_password : no_authentication;
  if (answer_[1] != offered) {
    return fail("socks_handshake: Socks proxy returned unexpected auth");
  }
  settings_.authenticates ? send_password() : send_request();
}

void SocksDialogue::send_password() {
  stage_ = Stage::password;
  const Credentials& who = credentials();
  const std::string& password = who.password.reveal();
  write(std::string{byte(password_version), byte(who.user.size())} + who.user +
        byte(password.size()) + password);
}

void SocksDialogue::take_verdict() {
  if (answer_[0] != password_version || answer_[1] != 0) {
    return fail("socks_username_password_auth: server refused the authentication");
  }
  send_request();
}

void SocksDialogue::send_request() {
  stage_ = Stage::reply;
  if (settings_.relay) {
    return write(std::string{byte(version), byte(associate_command), 0, byte(socks_v4_address)} +
                 std::string(6, '\0'));
  }
  write(std::string{byte(version), byte(connect_command), 0, byte(host_name),
                    byte(settings_.host.size())} +
        settings_.host + byte(settings_.port >> 8) + byte(settings_.port));
}

void SocksDialogue::take_reply() {
  if (answer_[0] != version || answer_[1] != 0) {
    if (answer_[0] == version && answer_[1] < refusals.size()) {
      note("The SOCKS proxy says: " + std::string(refusals[answer_[1]]), 1);
    }
    return fail("recv_socks_reply: Socks proxy returned bad reply");
  }
  Reader reader(Bytes(answer_).subspan(4));
  switch (answer_[3]) {
    case socks_v4_address: {
      const auto address = ip::Address::v4(reader.u32());
      relay_ = ip::Endpoint{address, reader.u16(), 0};
      break;
    }
    case v6_address: {
      const auto address = ip::Address::v6(reader.take(16));
      relay_ = ip::Endpoint{address, reader.u16(), 0};
      break;
    }
    case host_name:
      if (!settings_.relay) break;
      [[fallthrough]];
    default:
      return fail("recv_socks_reply: Socks proxy returned bad address type");
  }
  set_state(State::through);
}

void SocksDialogue::lost(Loss how) {
  const bool silent = how == Loss::silent;
  if (stage_ == Stage::reply) {
    return fail(silent ? "recv_socks_reply: TCP port read timeout expired"
                       : "ERROR: recv_socks_reply: empty response from socks server");
  }
  const std::string where =
      stage_ == Stage::method ? "socks_handshake" : "socks_username_password_auth";
  fail(where + (silent ? ": TCP port read timeout expired" : ": TCP port read failed on recv()"));
}

}  // namespace adit::proxy
